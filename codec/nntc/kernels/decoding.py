"""Kernels for decoding.

Implements SPEC.md 9.4 (R-510, R-511).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.format.tables import FrequencyTable
from nntc.kernels.choice import chosen


class DecodingKernels(Protocol):
    """What an implementation has; see the functions of this module."""

    def decode_rans(self, streams: Sequence[RansStream]) -> list[NDArray[np.uint8] | DependentTokens | None]:
        """See `decode_rans`."""

    def decode_huffman(
        self, count: int, lengths: NDArray[np.uint8], lane_sizes: NDArray[np.int64], data: bytes
    ) -> NDArray[np.uint8] | None:
        """See `decode_huffman`."""

    def parse_tables(
        self, data: memoryview, begin: int, count: int
    ) -> tuple[Sequence[FrequencyTable], int] | None:
        """See `parse_tables`."""

    def look_up(self, table: NDArray[Any], indices: NDArray[Any]) -> NDArray[Any]:
        """See `look_up`."""


def _kernels() -> DecodingKernels:
    kernels: DecodingKernels
    if chosen() == "native":
        from nntc.kernels.native import decoding as kernels
    else:
        from nntc.kernels.numpy import decoding as kernels
    return kernels


def decode_rans(streams: Sequence[RansStream]) -> list[NDArray[np.uint8] | DependentTokens | None]:
    """Decode rANS streams; how the work is grouped never shows in the results.

    Returns
    -------
    For each stream its tokens in coded order, rank 1, with or without quantizer bits. Or None, if the stream
    runs out of words, leaves words, or does not end in the initial encoder state.
    """
    return _kernels().decode_rans(streams)


def decode_huffman(
    count: int, lengths: NDArray[np.uint8], lane_sizes: NDArray[np.int64], data: bytes
) -> NDArray[np.uint8] | None:
    """Decode a Huffman run; token i is in lane i mod lanes.

    Parameters
    ----------
    count
        Number of tokens, at least one for each lane.
    lengths
        uint8 [256] code length of each token, 0 where it has no code; a complete code, or one of one token.
    lane_sizes
        int64 [lanes] bytes of each lane.
    data
        The lanes' bytes, back to back.

    Returns
    -------
    uint8 [count], or None if a lane's bits do not end as they must.
    """
    return _kernels().decode_huffman(count, lengths, lane_sizes, data)


def parse_tables(data: memoryview, begin: int, count: int) -> tuple[Sequence[FrequencyTable], int] | None:
    """Parse a bit run of frequency tables.

    Parameters
    ----------
    data, begin
        Bytes, and where among them the run begins.
    count
        Number of tables, at most 1024.

    Returns
    -------
    The tables and the bytes that they take. None leaves it to `nntc.format.tables.read_tables`: the run is
    not valid, which that says exactly, or these kernels are no faster.
    """
    return _kernels().parse_tables(data, begin, count)


def look_up(table: NDArray[Any], indices: NDArray[Any]) -> NDArray[Any]:
    """Return the elements of a table, rank 1, at unsigned indices, rank 1, all of them within it."""
    return _kernels().look_up(table, indices)

"""Kernels for encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.rans import EncodedStream, EncoderStream
from nntc.format.trellis import Machine
from nntc.kernels.choice import chosen
from nntc.kernels.sequences import Floats, Sequences

Levels = tuple[NDArray[np.int32], NDArray[np.uint8]]
"""Levels and the quantizers that they were chosen under."""


class EncodingKernels(Protocol):
    """What an implementation has; see the functions of this module."""

    def encode_rans(self, streams: Sequence[EncoderStream]) -> list[EncodedStream]:
        """See `encode_rans`."""

    def encode_huffman(
        self, tokens: NDArray[np.uint8], lengths: NDArray[np.uint8], codes: NDArray[np.uint16], lanes: int
    ) -> list[bytes]:
        """See `encode_huffman`."""

    def search_trellis(
        self,
        x: Floats,
        contexts: NDArray[np.uint16],
        costs: Floats,
        segment: int,
        machine: Machine,
        zeros: NDArray[np.bool_] | None,
    ) -> Levels:
        """See `search_trellis`."""

    def search_feedback(
        self, sequences: Sequences, costs: Floats, survivors: int, machine: Machine
    ) -> Levels:
        """See `search_feedback`."""


def _kernels() -> EncodingKernels:
    kernels: EncodingKernels
    if chosen() == "native":
        from nntc.kernels.native import encoding as kernels
    else:
        from nntc.kernels.numpy import encoding as kernels
    return kernels


def encode_rans(streams: Sequence[EncoderStream]) -> list[EncodedStream]:
    """Encode streams; how the work is grouped never shows in the results.

    Every token must have a frequency in its table.
    """
    return _kernels().encode_rans(streams)


def encode_huffman(
    tokens: NDArray[np.uint8], lengths: NDArray[np.uint8], codes: NDArray[np.uint16], lanes: int
) -> list[bytes]:
    """Return the bytes of each lane: code words, most significant bit first, zero padded.

    Parameters
    ----------
    tokens
        uint8, rank 1, at least one for each lane; token i is in lane i mod lanes.
    lengths, codes
        uint8 and uint16 [256]: code words of at most 15 bits.
    """
    return _kernels().encode_huffman(tokens, lengths, codes, lanes)


def search_trellis(
    x: Floats,
    contexts: NDArray[np.uint16],
    costs: Floats,
    segment: int,
    machine: Machine,
    zeros: NDArray[np.bool_] | None = None,
) -> Levels:
    """Find the levels of least squared error + cost; the trellis starts anew in every segment.

    Parameters
    ----------
    x
        float32, rank 1, at least one: values in coded order, in units of the step; |x| below 60,000.
    contexts
        uint16, rank 1: context of each value.
    costs
        float32 [2 * contexts, MAGNITUDES]: of each magnitude under table 2 * context + quantizer.
    segment
        Values between restarts of the trellis.
    zeros
        bool, rank 1: values that must be level 0.

    Returns
    -------
    int32 and uint8, rank 1: levels and quantizers.
    """
    return _kernels().search_trellis(x, contexts, costs, segment, machine, zeros)


def search_feedback(sequences: Sequences, costs: Floats, survivors: int, machine: Machine) -> Levels:
    """Find levels of low output error + cost; the trellis starts anew in every sequence, or segment of one.

    Parameters
    ----------
    sequences
        What to quantize; values and filters are multiples of 2^-12, so that sums of errors are exact.
    costs
        As for `search_trellis`.
    survivors
        Survivors of each state, 1..8; 1 of 128 states.

    Returns
    -------
    int32 and uint8 [sequences, length]: levels and quantizers.
    """
    return _kernels().search_feedback(sequences, costs, survivors, machine)

"""Tokens as the bytes of one zstd frame or bzip2 stream.

Implements SPEC.md 8.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.general import unbzip2, unzstd
from nntc.decoder.entropy.runs import RunRequest
from nntc.format.fields import SectionStream
from nntc.format.symbols import LENGTH


@dataclass(frozen=True, slots=True, eq=False)
class CompressedRun:
    """One run of compressed tokens."""

    count: int
    data: bytes
    decompress: Callable[[bytes, int, int], bytes]
    offset: int

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8 [count]; E_ZSTD or E_BZIP2 for anything but that many bytes."""
        return np.frombuffer(self.decompress(self.data, self.count, self.offset), np.uint8)


def read_zstd(stream: SectionStream, request: RunRequest) -> CompressedRun:
    """Parse symbol data under zstd."""
    return _read(stream, request, unzstd)


def read_bzip2(stream: SectionStream, request: RunRequest) -> CompressedRun:
    """Parse symbol data under bzip2."""
    return _read(stream, request, unbzip2)


def _read(
    stream: SectionStream, request: RunRequest, decompress: Callable[[bytes, int, int], bytes]
) -> CompressedRun:
    offset = stream.at()
    data = stream.take(LENGTH.read(stream), "compressed tokens")
    return CompressedRun(request.count, data, decompress, offset)

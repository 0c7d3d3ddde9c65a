"""Tokens as the bytes of one zstd frame or bzip2 stream.

Implements SPEC.md 8.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.general import unbzip2, unzstd
from nntc.decoder.entropy.runs import RunRequest
from nntc.format.fields import SectionStream
from nntc.format.memory import BZIP2_MEMORY, ZSTD_MEMORY
from nntc.format.registry import Coder
from nntc.format.symbols import LENGTH


@dataclass(frozen=True, slots=True, eq=False)
class CompressedRun:
    """One run of compressed tokens."""

    coder: Coder
    count: int
    data: bytes
    offset: int

    @property
    def memory(self) -> int:
        """Bytes of working memory that it needs."""
        return self.count + (ZSTD_MEMORY if self.coder is Coder.ZSTD else BZIP2_MEMORY)

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8 [count]; E_ZSTD or E_BZIP2 for anything but that many bytes."""
        decompress = unzstd if self.coder is Coder.ZSTD else unbzip2
        return np.frombuffer(decompress(self.data, self.count, self.offset), np.uint8)


def read_zstd(stream: SectionStream, request: RunRequest) -> CompressedRun:
    """Parse symbol data under zstd."""
    return _read(stream, request, Coder.ZSTD)


def read_bzip2(stream: SectionStream, request: RunRequest) -> CompressedRun:
    """Parse symbol data under bzip2."""
    return _read(stream, request, Coder.BZIP2)


def _read(stream: SectionStream, request: RunRequest, coder: Coder) -> CompressedRun:
    offset = stream.at()
    data = stream.take(LENGTH.read(stream), "compressed tokens")
    return CompressedRun(coder, request.count, data, offset)

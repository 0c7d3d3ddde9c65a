"""Tokens as the bytes of one zstd frame or bzip2 stream (SPEC.md, "bzip2 and zstd")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.general import bzip2, zstd
from nntc.format.symbols import LENGTH


def write_zstd(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize tokens, uint8, rank 1, under zstd."""
    return with_length(zstd(tokens.tobytes()))


def write_bzip2(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize tokens, uint8, rank 1, under bzip2."""
    return with_length(bzip2(tokens.tobytes()))


def with_length(data: bytes) -> bytes:
    """Return a frame or stream as symbol data has it."""
    return LENGTH.put(len(data)) + data

"""zstd and bzip2 as the format wants them (SPEC.md, "zstd" and "bzip2")."""

from __future__ import annotations

import bz2

import zstandard

from nntc.format.registry import MAX_WINDOW


def zstd(data: bytes, level: int = 19) -> bytes:
    """Return one zstd frame that declares its size, with a window of at most 8 MiB."""
    chosen = zstandard.ZstdCompressionParameters.from_level(level, source_size=len(data))
    window = min(chosen.window_log, MAX_WINDOW.bit_length() - 1)
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, source_size=len(data), window_log=window, write_content_size=True, write_checksum=False
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)


def bzip2(data: bytes) -> bytes:
    """Return one bzip2 stream."""
    return bz2.compress(data, 9)

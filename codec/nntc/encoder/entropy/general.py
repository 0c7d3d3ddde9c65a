"""zstd and bzip2 as the format wants them (SPEC.md, "zstd" and "bzip2")."""

from __future__ import annotations

import bz2
from bisect import bisect_left
from itertools import accumulate

import zstandard

from nntc.format.frames import MAX_WINDOW

_MAX_BLOCK = 1 << 17
_SHORT_SIZE = (1 << 16) + (1 << 8)
_WORTH_WHILE = 1 / 1000  # of a frame's bytes: less is not looked for


def zstd(data: bytes, level: int = 19, window: int = MAX_WINDOW) -> bytes:
    """Return one zstd frame that declares its size, its window at most so many bytes, a power of two."""
    chosen = zstandard.ZstdCompressionParameters.from_level(level, source_size=len(data))
    most = min(chosen.window_log, window.bit_length() - 1)
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, source_size=len(data), window_log=most, write_content_size=True, write_checksum=False
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(data)


def gain(data: bytes, level: int) -> float:
    """Return which part of a frame level 19 saves, about, tried on samples; 0 for a thousandth or less.

    Level 19 takes up to a second for a megabyte, also where there is nothing to be found.

    Parameters
    ----------
    data
        What to compress.
    level
        The level of the frame.
    """
    parts = [data[start : start + _MAX_BLOCK] for start in range(0, len(data), _MAX_BLOCK)]
    sizes = [len(zstd(part, level)) for part in parts]
    # The largest, and where half and three quarters of the bytes are, in parts ordered by size.
    order = sorted(range(len(parts)), key=lambda number: -sizes[number])
    ends = list(accumulate(sizes[number] for number in order))
    chosen = {order[bisect_left(ends, ends[-1] * share)] for share in (0.0, 0.5, 0.75)}
    least = sum(min(sizes[number], len(zstd(parts[number]))) for number in chosen)
    saved = 1 - least / sum(sizes[number] for number in chosen)
    return saved if saved > _WORTH_WHILE else 0.0


def zstd_after(head: bytes, data: bytes, level: int = 19, window: int = MAX_WINDOW) -> bytes:
    """Return one zstd frame of two parts, the first of them, at most 128 KiB, a block as it is.

    What cannot be made smaller, such as hashes, does not spoil the statistics of the rest so.
    """
    if not data or len(head) > _MAX_BLOCK:
        return zstd(head + data, level, window)
    frame = zstd(data, level, window)
    size = len(head) + len(data)
    single = size <= window
    stated_window = b"" if single or not frame[4] & 0x20 else bytes([(window.bit_length() - 1 - 10) << 3])
    if not single and not stated_window:
        stated_window = frame[5:6]
    code = 0 if size < 1 << 8 else 1 if size < _SHORT_SIZE else 2 if size < 1 << 32 else 3
    width = max(1, code * 2 if code < 3 else 8)
    if not single:
        code, width = max(code, 2), max(width, 4)
    stated = size - (1 << 8) if code == 1 else size
    return b"".join(
        [
            frame[:4],
            bytes([code << 6 | single << 5]),
            stated_window,
            stated.to_bytes(width, "little"),
            (len(head) << 3).to_bytes(3, "little"),
            head,
            frame[_header_size(frame) :],
        ]
    )


def _header_size(frame: bytes) -> int:
    """Return the bytes of a frame's header; it names no dictionary."""
    code, single = frame[4] >> 6, frame[4] >> 5 & 1
    return 5 + (not single) + (1 << code if code else single)


def bzip2(data: bytes) -> bytes:
    """Return one bzip2 stream."""
    return bz2.compress(data, 9)

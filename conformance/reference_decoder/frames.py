"""Clauses 3.6 and 3.7: a zstd frame, or a bzip2 stream, that decodes to exactly n bytes.

The entropy decoding of both formats is left to libzstd and libbzip2; what SPEC.md asks of a frame beyond it
(one frame, sizes, window, dictionary) is checked here. Both functions say what is wrong in a ValueError; the
caller knows error id and offset.
"""

from __future__ import annotations

import bz2

import zstandard

from .bits import Buffer

MAGIC = b"\x28\xb5\x2f\xfd"
LARGEST_WINDOW = 2**23
LARGEST_BLOCK = 2**17


def zstd_frame(stretch: Buffer, n: int, window: int = LARGEST_WINDOW) -> bytes:
    """The n bytes of the one zstd frame that fills ``stretch`` [R-015]; ValueError if it is not one.

    ``window`` is the largest that the profile allows.
    """
    frame = memoryview(stretch)
    block_limit, at, checksum = _zstd_header(frame, n, window)
    last = False
    while not last:  # walk the blocks (RFC 8878, 3.1.1.2) to find where the frame ends
        header = int.from_bytes(_slice(frame, at, 3), "little")
        last = header & 1 == 1
        kind = header >> 1 & 3  # 0 raw, 1 RLE, 2 compressed
        size = header >> 3
        if kind == 3 or size > block_limit:
            raise ValueError("reserved block type, or block larger than Block_Maximum_Size")
        at += 3 + (1 if kind == 1 else size)
    if at + (4 if checksum else 0) != len(frame):  # nothing missing, nothing after it
        raise ValueError("not exactly one frame")
    try:
        content = zstandard.ZstdDecompressor().decompress(frame, max_output_size=n)  # checksum too
    except zstandard.ZstdError as problem:
        raise ValueError(str(problem)) from None
    if len(content) != n:
        raise ValueError("frame of another size")
    return content


def _slice(data: memoryview, start: int, size: int) -> memoryview:
    if start + size > len(data):
        raise ValueError("frame is cut off")
    return data[start : start + size]


def _zstd_header(frame: memoryview, n: int, largest: int) -> tuple[int, int, bool]:
    """Check Magic_Number and Frame_Header (RFC 8878, 3.1.1.1) [R-015].

    Returns Block_Maximum_Size, the size of the header, and whether there is a Content_Checksum.
    """
    if bytes(_slice(frame, 0, 4)) != MAGIC:
        raise ValueError("no zstd frame")
    descriptor = _slice(frame, 4, 1)[0]
    single_segment = descriptor >> 5 & 1 == 1
    if descriptor >> 3 & 1:  # Reserved_bit
        raise ValueError("reserved bit of the frame header")
    at = 5
    window = 0
    if not single_segment:
        code = _slice(frame, at, 1)[0]
        base = 1 << (10 + (code >> 3))
        window = base + base // 8 * (code & 7)
        at += 1
    dictionary_size = (0, 1, 2, 4)[descriptor & 3]
    if any(_slice(frame, at, dictionary_size)):
        raise ValueError("frame names a dictionary")
    at += dictionary_size
    size_flag = descriptor >> 6
    size_size = (1 if single_segment else 0, 2, 4, 8)[size_flag]
    content_size = int.from_bytes(_slice(frame, at, size_size), "little") + (256 if size_flag == 1 else 0)
    at += size_size
    if size_size == 0 or content_size != n:
        raise ValueError("Frame_Content_Size is absent or wrong")
    if single_segment:
        window = content_size
    if window > largest:
        raise ValueError("window is too large")
    return min(window, LARGEST_BLOCK), at, descriptor >> 2 & 1 == 1


def bzip2_stream(stretch: Buffer, n: int) -> bytes:
    """The n bytes of the one bzip2 stream that fills ``stretch`` [R-016]; ValueError if it is not one."""
    decompressor = bz2.BZ2Decompressor()
    try:
        content = decompressor.decompress(stretch, max_length=n)  # CRCs too
        while not decompressor.eof:
            if decompressor.needs_input or decompressor.decompress(b"", max_length=1):
                raise ValueError("stream is cut off, or longer than it should be")
    except (OSError, EOFError) as problem:
        raise ValueError(str(problem)) from None
    if len(content) != n or decompressor.unused_data:
        raise ValueError("stream of another size, or bytes after it")
    return content

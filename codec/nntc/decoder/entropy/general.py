"""zstd and bzip2 with the output size known beforehand.

Implements SPEC.md 3.6 and 3.7 (R-015, R-016).
"""

from __future__ import annotations

import bz2
import struct

import zstandard

from nntc.errors import FormatError
from nntc.format.frames import MAX_WINDOW, ZSTD_MAGIC


def unzstd(data: bytes, size: int, offset: int, window: int = MAX_WINDOW) -> bytes:
    """Decompress exactly one zstd frame to exactly `size` bytes.

    Raises
    ------
    FormatError
        E_ZSTD at `offset` for anything else: a frame that does not declare this size, a dictionary, a
        larger window than `window`, skippable frames, bytes after the frame.
    """
    try:
        if len(data) < 4 or struct.unpack_from("<I", data)[0] != ZSTD_MAGIC:
            raise FormatError("E_ZSTD", "not a zstd frame", offset)
        frame = zstandard.get_frame_parameters(data)
        if frame.dict_id or frame.window_size > window:
            raise FormatError("E_ZSTD", "zstd frame needs a dictionary or too large a window", offset)
        if frame.content_size != size:
            raise FormatError("E_ZSTD", "zstd frame does not declare the size it must have", offset)
        return zstandard.ZstdDecompressor().decompress(data, read_across_frames=False, allow_extra_data=False)
    except zstandard.ZstdError as e:
        raise FormatError("E_ZSTD", f"zstd frame is damaged: {e}", offset) from e


def unbzip2(data: bytes, size: int, offset: int) -> bytes:
    """Decompress exactly one bzip2 stream to exactly `size` >= 1 bytes.

    Raises
    ------
    FormatError
        E_BZIP2 at `offset` for anything else.
    """
    worker = bz2.BZ2Decompressor()
    try:
        out = worker.decompress(data, max_length=size)
        # The end of the stream is seen only when more is asked for.
        extra = b"" if worker.eof else worker.decompress(b"", max_length=1)
    except (OSError, EOFError, ValueError) as e:
        raise FormatError("E_BZIP2", f"bzip2 stream is damaged: {e}", offset) from e
    if len(out) != size or extra or not worker.eof or worker.unused_data:
        raise FormatError("E_BZIP2", "bzip2 stream does not decode to the declared size", offset)
    return out

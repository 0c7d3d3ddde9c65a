"""Limits of zstd frames.

Implements SPEC.md 3.6 (R-015).
"""

ZSTD_MAGIC = 0xFD2FB528
MAX_WINDOW = 1 << 23
"""Largest Window_Size of a frame, in bytes."""

"""Fields that begin symbol blocks, packed and compressed symbol data.

Implements SPEC.md 8.2 to 8.4 (R-415, R-425).
"""

from __future__ import annotations

from nntc.format.fields import VarInt, u8
from nntc.format.registry import Coder

_CODERS = frozenset(Coder)
CODER = u8().must("R-415", "E_RESERVED", "coder", lambda v, *_: v in _CODERS).becomes(Coder)
PACKED_WIDTH = u8().within("R-425", 1, 8, "E_RESERVED", "bit width")
LENGTH = VarInt()
"""Bytes of a bzip2 stream or zstd frame."""

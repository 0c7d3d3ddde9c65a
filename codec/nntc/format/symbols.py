"""Fields that begin symbol blocks, packed and compressed symbol data.

Implements SPEC.md 8.2 to 8.4 (R-415, R-416, R-425).
"""

from __future__ import annotations

from nntc.format.fields import Named, VarInt, u8
from nntc.format.registry import Coder


def is_in_profile(coder: int, given: Named) -> bool:
    """Return whether the profile of the file, `profile` of `given`, has a coder."""
    return bool(Coder(coder).profile <= given["profile"])


_CODERS = frozenset(Coder)
CODER = (
    u8()
    # Given: `profile`.
    .must("R-415", "E_RESERVED", "coder", lambda v, *_: v in _CODERS)
    .must("R-416", "E_PROFILE", "coder is not of the profile", lambda v, _, given: is_in_profile(v, given))
    .becomes(Coder)
)
PACKED_WIDTH = u8().within("R-425", 1, 8, "E_RESERVED", "bit width")
LENGTH = VarInt()
"""Bytes of a bzip2 stream or zstd frame."""

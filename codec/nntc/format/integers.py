"""Fields of an integer block before its low bits.

Implements SPEC.md 8.1 (R-399 to R-410).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.fields import Layout, Named, SVarInt, VarInt, u8
from nntc.format.registry import Coder
from nntc.format.symbols import is_in_profile
from nntc.format.varints import VarInts

ESCAPE = 255
"""The token that stands for an integer out of reach, where there are escapes."""
MAX_LEVEL = (1 << 31) - 1
MAX_LOW_BITS = 24


class IntegerFlags(IntFlag):
    """What an integer block has; its three lowest bits are the coder."""

    ESCAPE = 8
    LOW_BITS = 16
    SPARSE = 32

    @property
    def coder(self) -> Coder:
        """Coder of the tokens."""
        return _CODERS[int(self) & _CODER]


_CODER = 7
_CODERS = tuple(Coder)
_NOT_WITH_TRELLIS = IntegerFlags.LOW_BITS | IntegerFlags.SPARSE


@dataclass(frozen=True, slots=True, eq=False)
class IntegerHead:
    """The fields as they are stored, None where they are absent."""

    flags: IntegerFlags
    min_level: int
    low_bits: int | None = None
    escape_count: int | None = None
    escapes: NDArray[Any] | None = None
    background: int | None = None
    count: int | None = None


def _goes_with_trellis(flags: int, _fields: Named, given: Named) -> bool:
    return not given["trellis"] or (flags & _CODER == Coder.RANS and not flags & int(_NOT_WITH_TRELLIS))


def _goes_with_profile(flags: int, _fields: Named, given: Named) -> bool:
    return is_in_profile(flags & _CODER, given)


def _has_escapes(fields: Named, _given: Named) -> bool:
    return IntegerFlags.ESCAPE in fields["flags"]


def _is_sparse(fields: Named, _given: Named) -> bool:
    return IntegerFlags.SPARSE in fields["flags"]


def _is_count(count: int, _fields: Named, given: Named) -> bool:
    return bool(1 <= count <= given["size"])


def _needs_escape(v: NDArray[np.int64], fields: Named, _given: Named) -> NDArray[np.bool_]:
    first = int(fields["min_level"])
    return (v < first) | (v >= first + ESCAPE)


def _is_even(v: int, _fields: Named, given: Named) -> bool:
    return not given["trellis"] or v & 1 == 0


def _are_odd(v: NDArray[np.int64], _fields: Named, given: Named) -> NDArray[np.bool_]:
    odd: NDArray[np.bool_] = (v & 1 == 1) | (not given["trellis"])
    return odd


INTEGER_HEAD = Layout(
    IntegerHead,
    # Given: `profile`; `size`, the number of integers; `trellis`, whether the trellis rules hold.
    flags=u8()
    .must("R-400", "E_RESERVED", "integer block flags", lambda v, *_: v < 64 and v & _CODER <= Coder.ZSTD)
    .must("R-399", "E_PROFILE", "coder is not of the profile", _goes_with_profile)
    .must("R-401", "E_TRELLIS", "a trellis takes rANS without low bits or gaps", _goes_with_trellis)
    .becomes(IntegerFlags),
    min_level=SVarInt()
    .within("R-402", -MAX_LEVEL, MAX_LEVEL, "E_LIMIT", "lowest level")
    .must("R-403", "E_TRELLIS", "lowest level must be even under a trellis", _is_even),
    low_bits=u8()
    .within("R-404", 1, MAX_LOW_BITS, "E_LIMIT", "low bits")
    .when(lambda fields, _: IntegerFlags.LOW_BITS in fields["flags"]),
    escape_count=VarInt().must("R-405", "E_LIMIT", "escape count", _is_count).when(_has_escapes),
    escapes=VarInts(lambda fields, _: fields["escape_count"], signed=True, dtype=np.int32)
    .must("R-406", "E_LIMIT", "escaped integer is too large", lambda v, *_: abs(v) <= MAX_LEVEL)
    .must("R-407", "E_ESCAPE", "escaped integer has a token of its own", _needs_escape)
    .must("R-410", "E_TRELLIS", "escaped integer must be odd as its token is", _are_odd)
    .when(_has_escapes),
    background=SVarInt().within("R-408", -MAX_LEVEL, MAX_LEVEL, "E_LIMIT", "background").when(_is_sparse),
    count=VarInt().must("R-409", "E_LIMIT", "sparse count", _is_count).when(_is_sparse),
)

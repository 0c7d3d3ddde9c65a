"""Integer blocks (SPEC.md, clause 8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.generator.coders import PACKED, Around, Coder, symbol_block
from conformance.generator.fields import Fields, bit_run

ESCAPE = 255


@dataclass(frozen=True)
class Sparse:
    """Code only the integers at `places`, ascending; all others are `background`."""

    background: int
    places: tuple[int, ...]
    gaps: Coder = PACKED


@dataclass(frozen=True)
class Integers:
    """How integers are coded.

    Parameters
    ----------
    lo
        Integer of token 0; None for the least one, or with a trellis the even number at or below it.
    escape
        Whether token 255 is an escape: None where one is needed.
    """

    coder: Coder = PACKED
    lo: int | None = None
    low_bits: int = 0
    escape: bool | None = None
    sparse: Sparse | None = None


DENSE = Integers()


@dataclass(frozen=True)
class IntegerBlock:
    """The fields of an integer block, and the tokens in it."""

    fields: Fields
    tokens: list[int] = field(default_factory=list)


def integer_block(how: Integers, integers: Sequence[int], around: Around) -> IntegerBlock:
    """Return `integers`, in coded order, as a block."""
    values = list(integers)
    sparse = how.sparse
    if sparse is not None:
        values = [integers[place] for place in sparse.places]
        places = set(sparse.places)
        if any(v != sparse.background for i, v in enumerate(integers) if i not in places):
            raise ValueError("an integer that is not coded differs from the background")
    high = [v >> how.low_bits for v in values]
    lo = min(high) if how.lo is None else how.lo
    if around.trellis is not None and how.lo is None:
        lo -= lo % 2
    escape = min(high) < lo or max(high) > lo + 255 if how.escape is None else how.escape
    escaped = [escape and not lo <= h < lo + ESCAPE for h in high]
    tokens = [ESCAPE if e else h - lo for h, e in zip(high, escaped, strict=True)]
    out = Fields()
    out.u8("flags", how.coder.code | escape << 3 | (how.low_bits > 0) << 4 | (sparse is not None) << 5)
    out.svarint("lo", lo)
    if how.low_bits:
        out.u8("low_bits", how.low_bits)
    if escape:
        escapes = [h for h, e in zip(high, escaped, strict=True) if e]
        out.varint("escape_count", len(escapes))
        for number, value in enumerate(escapes):
            out.svarint(f"escape[{number}]", value)
    if sparse is not None:
        out.svarint("background", sparse.background)
        out.varint("count", len(values))
    if how.low_bits:
        out.add("low", bit_run((v & (1 << how.low_bits) - 1, how.low_bits) for v in values))
    if sparse is not None:
        before = (-1, *sparse.places)
        gaps = [place - last - 1 for last, place in zip(before, sparse.places, strict=False)]
        out.nest("gaps", symbol_block(sparse.gaps, gaps, Around(around.shared)))
        around = Around(around.shared)
    out.nest("tokens", how.coder.write(tokens, around))
    return IntegerBlock(out, tokens)

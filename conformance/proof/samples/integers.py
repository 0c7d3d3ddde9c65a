"""Integer blocks with escapes, low bits and gaps by chance (SPEC.md, clause 8.1)."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.generator.fields import bit_run, svarint, varint
from conformance.generator.views import View
from conformance.proof.samples.numbers import RANS
from conformance.proof.samples.symbols import Around, symbol_block, symbol_data
from conformance.reference_decoder.integers import LARGEST as TOP


def integer_block(
    around: Around, integers: Sequence[int], view: View, *, trellis: int = 0, segment: int = 1
) -> bytes:
    """Return a block of `integers`, of any magnitude below 2**31 and, with trellis, of any parity."""
    rng = around.rng
    sparse = not trellis and rng.random() < 0.35
    low_bits = 0 if trellis else rng.choice((0, 0, 0, 1, 4, rng.randint(1, 24)))
    background = rng.choice(list(integers)) if rng.random() < 0.7 else rng.randint(-TOP, TOP)
    gaps: list[int] = []
    values = list(integers)
    if sparse:
        values, last = [], -1
        for i, v in enumerate(integers):
            if v != background or i - last > 255 or rng.random() < 0.1:
                values.append(v)
                gaps.append(i - last - 1)
                last = i
        if not values:
            values, gaps = [integers[0]], [0]
    high = [v >> low_bits for v in values]
    # Under a trellis an escape has the parity of token 255: even levels must be within reach of lo.
    near = [h for h in high if h % 2 == 0] or high[:1] if trellis else high
    if max(near) - min(near) <= 254 and (trellis or rng.random() < 0.6):
        lo = rng.randint(max(near) - 254, min(near))
    else:
        lo = rng.choice(near) - rng.randrange(255)
    lo = min(max(lo, -TOP + 1), TOP - 1)
    lo -= lo % 2 if trellis and lo - lo % 2 >= max(near) - 254 else -(lo % 2) if trellis else 0
    escaped = [not lo <= h <= lo + 254 for h in high]
    must = trellis or not all(lo <= h <= lo + 255 for h in high)
    has_escapes = any(escaped) and (must or rng.random() < 0.5)
    escapes = [h for h, e in zip(high, escaped, strict=True) if e] if has_escapes else []
    tokens = [255 if has_escapes and e else h - lo for h, e in zip(high, escaped, strict=True)]
    coder = RANS if trellis else rng.choice(around.coders)
    out = bytes([coder | bool(escapes) << 3 | bool(low_bits) << 4 | sparse << 5]) + svarint(lo)
    if low_bits:
        out += bytes([low_bits])
    if escapes:
        out += varint(len(escapes)) + b"".join(map(svarint, escapes))
    if sparse:
        out += svarint(background) + varint(len(values))
    out += bit_run([(v & ((1 << low_bits) - 1), low_bits) for v in values])
    if sparse:
        out += symbol_block(around, gaps)
    return out + symbol_data(around, tokens, coder, None if sparse else view, trellis, segment)

"""Elements of a base rounded to another type (SPEC.md, clause 9.9)."""

from __future__ import annotations

from conformance.generator.cases.differences import FLOATS, patterns, update
from conformance.generator.cases.lossless import SPECIAL
from conformance.generator.differences import OF_PLANES, difference
from conformance.generator.records import BFLOAT16, ELEMENT_NAMES, FLOAT16, FLOAT32, FLOAT64, WIDTHS, planes
from conformance.generator.suite import Suite
from conformance.generator.views import matrix


def add(suite: Suite) -> None:
    """Add differences of nothing to elements of every other float type."""
    for source in FLOATS:
        for target in FLOATS:
            if source == target:
                continue
            values = (*SPECIAL[source], *_ties(source, target))
            old = patterns(source, values)
            change = planes(target, matrix(1, len(values)), bytes(len(values) * WIDTHS[target]))
            suite.valid(
                f"difference-{ELEMENT_NAMES[source]}-to-{ELEMENT_NAMES[target]}",
                "elements of the base rounded to another type: ties, subnormals, infinities, NaNs",
                "R-560 R-354",
                file=update(difference(change, OF_PLANES, [0], source), old),
            )


_FRACTION = {FLOAT16: 10, BFLOAT16: 7, FLOAT32: 23, FLOAT64: 52}
_BIAS = {FLOAT16: 15, BFLOAT16: 127, FLOAT32: 127, FLOAT64: 1023}


def _ties(source: int, target: int) -> list[int]:
    """Return patterns of values between two of the target, beyond its largest, and below its least."""
    spare = _FRACTION[source] - _FRACTION[target]
    one = _BIAS[source] << _FRACTION[source]
    out = [one, one | 1 << 8 * WIDTHS[source] - 1]
    if spare > 0:
        half, unit = 1 << spare - 1, 1 << spare
        out += [one + half, one + half + 1, one + unit + half, one + unit + half - 1]
    if _BIAS[source] > _BIAS[target]:
        top = (_BIAS[source] + _BIAS[target] + 1) << _FRACTION[source]
        least = (_BIAS[source] - _BIAS[target] + 1 - _FRACTION[target]) << _FRACTION[source]
        out += [top, top - 1, least, least - (1 << _FRACTION[source]), least + 1, least - 1]
    return out

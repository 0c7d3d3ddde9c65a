"""The last steps of tool uniform: one product, at most one sum, one rounding (SPEC.md, clause 9.7)."""

from __future__ import annotations

from conformance.generator.fields import f32, u32
from conformance.generator.files import File
from conformance.generator.integers import Integers
from conformance.generator.records import (
    BFLOAT16,
    ELEMENT_NAMES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    Codes,
    Record,
    Transform,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.views import matrix

ONE_ABOVE = 1549096277, 16777213
"""Factors of 24204625 * 2^30 + 1: binary64 rounds the product to a tie of binary32."""
ONE_BELOW = 1090519041, 16777215
"""Factors of 17039359 * 2^30 - 1, likewise."""
CANCELLED = 1744617485, 10325701
"""Factors of 2^54 + 1: binary64 rounds the product to 2^54, which a sum can cancel."""
UNIT = (5, 4, -14)
"""2365 * 5 + 2896 * 4 - 1672 * 14 = 1, the first column of the basis of three points."""


def add(suite: Suite) -> None:
    """Add every case of rounding, and results that just overflow."""
    _ties(suite)
    _double_rounding(suite)
    _small(suite)
    _sums(suite)
    _great(suite)


def _record(element: int, levels: list[int], step: float, offset: float | bytes | None = None) -> Record:
    """Return a record of few levels, however large."""
    how = Integers(low_bits=24 if max(map(abs, levels)) >= 2**20 else 12)
    return uniform(element, matrix(len(levels)), levels, how, step=step, offset=offset)


def _ties(suite: Suite) -> None:
    for element, levels, step in (
        (FLOAT16, [2049, 2051, 4095, 4093, 2047, 2048, 4097, 4098, 4099], 2.0**-11),
        (BFLOAT16, [257, 259, 511, 509, 255, 256, 513, 514, 515], 2.0**-8),
        (FLOAT32, [2**24 + 1, 2**24 + 3, 2**25 - 1, 2**25 - 3, 2**25 + 1, 2**25 + 2, 2**25 + 3], 1.0),
        # 54 bits: (2^30 + 1) * (2^23 + 1) and (2^30 + 3) * (2^23 + 1).
        (FLOAT64, [2**30 + 1, 2**30 + 3, 2**30 + 5, 2**30 + 7, 2**31 - 1], float(2**23 + 1)),
    ):
        name = ELEMENT_NAMES[element]
        both = levels + [-v for v in levels]
        suite.valid(
            f"round-ties-{name}", f"ties, among them carries into the next exponent, to {name}",
            "R-540 R-541",
            _record(element, both, step),
        )  # fmt: skip


def _double_rounding(suite: Suite) -> None:
    for element, odd, digits in ((FLOAT16, 2049, 14), (BFLOAT16, 257, 20)):
        name = ELEMENT_NAMES[element]
        levels = [(odd << digits) + 1, (odd << digits) - 1, (odd + 2 << digits) - 1, (odd + 2 << digits) + 1]
        suite.valid(
            f"round-once-{name}", f"next to ties of {name}, which binary32 would make them", "R-541",
            _record(element, levels + [-v for v in levels], 2.0 ** -digits),
        )  # fmt: skip
    for name, (level, step) in (("above", ONE_ABOVE), ("below", ONE_BELOW)):
        for element in (FLOAT32, FLOAT64):
            suite.valid(
                f"round-product-{name}-{ELEMENT_NAMES[element]}",
                "a product that binary64 rounds to a tie of binary32: two roundings", "R-540",
                _record(element, [level, -level], float(step)),
            )  # fmt: skip


def _small(suite: Suite) -> None:
    for name, levels, step in (
        ("subnormal", [1, 2, 3, 5, 7, 1023, 1025, 2046, 2047, 2048, 2049, 4095], 2.0**-25),
        ("tiny", [1, 2, 3, 4, 5, 6], 2.0**-26),
        ("zero", [1, 2, 2**20, 2**30], 2.0**-126),
    ):
        suite.valid(
            f"round-{name}-float16", f"float16 subnormals, ties and zeros of both signs: {name}", "R-540",
            _record(FLOAT16, levels + [-v for v in levels] + [0], step),
        )  # fmt: skip
    # One coefficient: 2896 * 4096 * 2^-150 = 181 * 2^-134, a tie of bfloat16.
    for element in (BFLOAT16, FLOAT32, FLOAT64):
        name = ELEMENT_NAMES[element]
        levels = [1, 0, 3, 0, -1, 0, -5, 0, 2, 0, 1, 1]
        suite.valid(
            f"round-subnormal-{name}", "values of about 2^-126 and below by a transform", "R-540",
            uniform(element, matrix(6, 1, 2), levels, step=2.0**-126, transform=Transform(2, 1)),
        )  # fmt: skip
    # Y of 1, 3 and others in the first place of each block.
    blocks = [_outer(UNIT, UNIT, factor) for factor in (1, -1, 2, -2, 3, -3, 5)]
    levels = [v for block in blocks for v in block]
    for element in (BFLOAT16, FLOAT32, FLOAT64):
        suite.valid(
            f"round-least-{ELEMENT_NAMES[element]}", "the least there is, 2^-150, and its multiples", "R-540",
            uniform(
                element, matrix(len(blocks), 1, 9), levels, Integers(low_bits=8), step=2.0**-126,
                transform=Transform(3, 3),
            ),
        )  # fmt: skip


def _outer(one: tuple[int, ...], two: tuple[int, ...], factor: int) -> list[int]:
    return [factor * a * b for a in one for b in two]


def _sums(suite: Suite) -> None:
    for element in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64):
        name = ELEMENT_NAMES[element]
        suite.valid(
            f"round-sum-zero-{name}", "a value and an offset that cancel give +0", "R-540",
            _record(element, [-1, 1, 0, -2], 0.5, 0.5),
        )  # fmt: skip
        minus = _record(element, [-1, 1, 0, 2], 0.5, -0.5)
        suite.valid(f"round-sum-zero-minus-{name}", "the same with a negative offset", "R-540", minus)
    for offset in (1.0, 3.0):
        suite.valid(
            f"round-sum-tie-{int(offset)}", "a sum that is a tie of binary64", "R-540",
            _record(FLOAT64, [2**30, -(2**30)], 2.0**23, offset),
        )  # fmt: skip
    level, step = ONE_ABOVE
    suite.valid(
        "round-not-fused", "the product is rounded before the sum: a fused one gives 1 more", "R-540",
        _record(FLOAT64, [level, -level], float(step), -24204624.0 * 2**30),
    )  # fmt: skip
    level, step = CANCELLED
    for element in (FLOAT16, BFLOAT16, FLOAT32):
        # Sixteen, so that a loop over vectors of them is entered.
        suite.valid(
            f"round-not-fused-{ELEMENT_NAMES[element]}", "a product that a sum cancels: a fused one leaves 1",
            "R-540",
            _record(element, [level] * 16, float(step), -(2.0**54)),
        )  # fmt: skip
    suite.valid(
        "round-sum-then-type", "a sum that binary64 rounds to a tie of binary32", "R-540 R-541",
        _record(FLOAT32, [2**24 + 1, 2**24 + 3], 1.0, 2.0**-40),
    )  # fmt: skip
    for name, offset_bits in (("tie", 1 << 15), ("above", (1 << 15) + 1), ("odd", 3 << 15)):
        for sign in (0, 1):
            suite.valid(
                f"round-offset-{name}-{'minus' if sign else 'plus'}",
                "a subnormal offset alone, to bfloat16", "R-540",
                _record(BFLOAT16, [0, 0], 1.0, u32(sign << 31 | offset_bits)),
            )  # fmt: skip


def _great(suite: Suite) -> None:
    for element, good, step, bad in (
        (FLOAT16, 65520 * 2**8 - 1, 2.0**-8, 65520 * 2**8),
        (BFLOAT16, 511 * 2**10 - 1, 2.0**109, 511 * 2**10),
        (FLOAT32, (2**25 - 1) * 2 - 1, 2.0**102, (2**25 - 1) * 2),
    ):
        name = ELEMENT_NAMES[element]
        parent = f"round-greatest-{name}"
        suite.valid(
            parent, f"the greatest values that stay finite as {name}", "R-541 R-542",
            _record(element, [good, -good, 5], step),
        )  # fmt: skip
        for sign in (1, -1):
            levels = [good, -good, 5]
            levels[sign < 0] = sign * bad
            suite.bad(
                f"round-infinite-{name}{'-minus' * (sign < 0)}", parent, "E_RANGE", "TENSOR[0].levels.flags",
                "R-542", f"a value that {name} rounds to infinity, though it is half a unit away",
                file=File([_record(element, levels, step)]),
            )  # fmt: skip
        exact = {FLOAT16: 65504 * 2**8, BFLOAT16: 510 * 2**10, FLOAT32: (2**24 - 1) * 4}[element]
        suite.valid(
            f"round-greatest-exact-{name}",
            f"the greatest {name}",
            "R-542",
            _record(element, [exact, -exact], step),
        )
    parent = "round-greatest-few"
    suite.valid(
        parent, "few levels; one more would be infinite as float16", "R-542",
        uniform(FLOAT16, matrix(3), [7, -7, 1], step=2.0**13),
    )  # fmt: skip
    suite.bad(
        "round-infinite-few", parent, "E_RANGE", "TENSOR[0].levels.flags", "R-542",
        "a value of few that is infinite as float16",
        file=File([uniform(FLOAT16, matrix(3), [8, -7, 1], step=2.0**13)]),
    )  # fmt: skip
    parent = "round-offset-greatest"
    suite.valid(
        parent, "a sum near the greatest float32", "R-542", _record(FLOAT32, [1, -1], 3e38, f32(4e37))
    )
    suite.fault(
        "round-offset-infinite", parent, "TENSOR[0].offset", f32(5e37), "E_RANGE", "R-542",
        "a sum that is infinite as float32", at="TENSOR[0].levels.flags",
    )  # fmt: skip
    most = uniform(
        FLOAT64, matrix(1, 2), [2**17 // 16, -(2**17 // 16)], Integers(low_bits=12), step=u32(0x7F7FFFFF),
        row_codes=Codes((255,)), column_codes=Codes((255, 255)),
    )  # fmt: skip
    suite.valid("round-greatest-float64", "the greatest step and step codes, to float64", "R-540 R-950", most)

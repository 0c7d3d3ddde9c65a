"""Faults of tool difference (SPEC.md, clauses 7.6 and 9.9)."""

from __future__ import annotations

from conformance.generator.cases.differences import PLANES, PRODUCT, RECORD, floats, update
from conformance.generator.differences import OF_PRODUCT, OF_UNIFORM, difference, product
from conformance.generator.fields import f32, u32, varint
from conformance.generator.files import File
from conformance.generator.integers import Integers
from conformance.generator.records import (
    BFLOAT16,
    ELEMENT_NAMES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    OPAQUE1,
    OPAQUE2,
    OPAQUE16,
    WIDTHS,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.views import View, matrix


def add(suite: Suite) -> None:
    """Add bad differences of one record."""
    _heads(suite)
    _products(suite)


def _heads(suite: Suite) -> None:
    for parent, field, value, error, rule in (
        (PLANES, "method", 3, "E_RESERVED", "R-350"),
        (PLANES, "method", 255, "E_RESERVED", "R-350"),
        (f"difference-planes-{ELEMENT_NAMES[OPAQUE2]}", "method", 1, "E_TYPE", "R-351"),
        (f"difference-planes-{ELEMENT_NAMES[OPAQUE2]}", "method", 2, "E_TYPE", "R-351"),
        ("difference-places", "method", 2, "E_VIEW", "R-352"),
        (PLANES, "base_type", 7, "E_RESERVED", "R-353"),
        (PLANES, "base_type", 12, "E_RESERVED", "R-353"),
        (PLANES, "base_type", 26, "E_RESERVED", "R-353"),
        (PLANES, "base_type", 2, "E_TYPE", "R-354"),
        (PLANES, "base_type", 5, "E_TYPE", "R-354"),
        (f"difference-planes-{ELEMENT_NAMES[OPAQUE1]}", "base_type", 5, "E_TYPE", "R-354"),
        (f"difference-planes-{ELEMENT_NAMES[OPAQUE2]}", "base_type", 8, "E_TYPE", "R-354"),
        (f"difference-planes-{ELEMENT_NAMES[OPAQUE2]}", "base_type", 0, "E_TYPE", "R-354"),
    ):
        suite.fault(
            f"{parent}-{field.replace('_', '-')}-{value}",
            parent,
            f"{RECORD}.{field}",
            bytes([value]),
            error,
            rule,
            f"{field} {value}",
        )
    suite.fault(
        "difference-opaque16",
        PLANES,
        f"{RECORD}.tool_and_type",
        bytes([3 << 4 | OPAQUE16]),
        "E_TYPE",
        "R-302",
        "elements of 16 bytes",
    )
    suite.fault(
        "difference-tool-4",
        PLANES,
        f"{RECORD}.tool_and_type",
        bytes([4 << 4 | FLOAT32]),
        "E_UNSUPPORTED",
        "R-300",
        "a tool that is not assigned",
    )
    suite.bad(
        "difference-without-base",
        PLANES,
        "E_REFERENCE",
        f"{RECORD}.tool_and_type",
        "R-304",
        "a difference in a file without base",
        file=File(suite.file(PLANES).records),
    )
    steps: dict[int, float] = {FLOAT16: 2.0**5, BFLOAT16: 2.0**124, FLOAT32: 2.0**127, FLOAT64: 2.0**127}
    for element, old in ((FLOAT16, 65504.0), (BFLOAT16, 3.3e38), (FLOAT32, 3.4e38), (FLOAT64, 1.7e308)):
        _overflow(suite, element, ELEMENT_NAMES[element], old, steps[element])
    for name, old in (("infinity", float("inf")), ("nan", float("nan"))):
        _overflow(suite, FLOAT32, name, old, 1.0)


def _overflow(suite: Suite, element: int, name: str, old: float, step: float) -> None:
    """Add a sum that is no finite element, beside one that is."""
    parent = f"difference-no-overflow-{name}"
    level = 2**30 if element == FLOAT64 else 1
    fine = [0] if old == old and abs(old) < float("inf") else [1]
    base = floats(element, [old, 1.0])
    view: View = matrix(1, 1)
    start = 0 if fine == [0] else WIDTHS[element]
    good = difference(uniform(element, view, fine, Integers(lo=0), step=step), OF_UNIFORM, [start])
    suite.valid(parent, "elements that stay finite", "R-560", file=update(good, base))
    if element == FLOAT64:
        # Steps are binary32: no level reaches the end of binary64.
        base = floats(element, [float("inf"), 1.0])
        suite.bad(
            f"difference-overflow-{name}",
            parent,
            "E_RANGE",
            f"{RECORD}.levels.flags",
            "R-560 R-542",
            "an infinity changed",
            file=update(good, base),
            bases=[base],
        )
        return
    bad = difference(uniform(element, view, [level], Integers(lo=0), step=step), OF_UNIFORM, [0])
    suite.bad(
        f"difference-overflow-{name}",
        parent,
        "E_RANGE",
        f"{RECORD}.levels.flags",
        "R-560 R-542",
        "a sum that is not finite",
        file=update(bad, base),
    )


def _products(suite: Suite) -> None:
    for name, value in (
        ("zero", f32(0.0)),
        ("negative", f32(-1.0)),
        ("infinite", f32(float("inf"))),
        ("nan", u32(0x7FC00000)),
        ("subnormal", u32(0x007FFFFF)),
    ):
        suite.fault(
            f"difference-product-step-{name}",
            PRODUCT,
            f"{RECORD}.step",
            value,
            "E_STEP",
            "R-356",
            f"{name} step",
        )
    for rank in (0, 4, 65, 2**63 - 1):
        suite.fault(
            f"difference-product-rank-{rank}",
            PRODUCT,
            f"{RECORD}.rank",
            varint(rank),
            "E_LIMIT",
            "R-357",
            f"rank {rank} of 3 rows and 4 columns",
            bounded=True,
        )
    old = suite.file(PRODUCT).bases[0]
    left, right = [1, -2, 3, 0, -1, 7], [5, 0, -1, 2, 1, 1, -3, 0]
    for name, at, codes, one, two in (
        ("code-96", "left", (0, 96), left, right),
        ("code-255", "left", (255, 0), left, right),
        ("left-32768", "left", (0, 9), [32768, *left[1:]], right),
        ("left-minus-32768", "left", (0, 9), [*left[:-1], -32768], right),
        ("right-32768", "right", (0, 9), left, [32768, *right[1:]]),
        ("right-minus-32768", "right", (0, 9), left, [*right[:-1], -32768]),
    ):
        change = product(FLOAT32, matrix(3, 4), codes, one, two, step=0.003)
        suite.bad(
            f"difference-product-{name}",
            PRODUCT,
            "E_RANGE",
            f"{RECORD}.{at}.flags",
            "R-560",
            f"{name} is too large",
            file=update(difference(change, OF_PRODUCT, [0]), old),
        )
    large = floats(FLOAT32, [3.4e38] * 12)
    suite.bad(
        "difference-product-overflow",
        PRODUCT,
        "E_RANGE",
        f"{RECORD}.left.flags",
        "R-560 R-542",
        "a sum that is not finite",
        file=update(
            difference(product(FLOAT32, matrix(3, 4), (80, 80), left, right, step=2.0**110), OF_PRODUCT, [0]),
            large,
        ),
    )

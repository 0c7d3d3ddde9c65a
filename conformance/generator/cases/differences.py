"""Tool difference: elements of a base changed (SPEC.md, clauses 7.6 and 9.9)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from conformance.generator.cases.lossless import SPECIAL
from conformance.generator.coders import Huffman, Packed, Rans
from conformance.generator.differences import OF_PLANES, OF_PRODUCT, OF_UNIFORM, difference, product
from conformance.generator.fields import noise, svarint
from conformance.generator.files import File
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    BFLOAT16,
    ELEMENT_NAMES,
    EXACT_NAMES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    OPAQUE16,
    WIDTHS,
    Codes,
    Record,
    Transform,
    planes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.trellis import Trellis
from conformance.generator.views import matrix, ragged

PLANES = "difference-planes-float32"
UNIFORM = "difference-uniform-float32"
PRODUCT = "difference-product-float32"
RECORD = "TENSOR[0]"
FLOATS = (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)
_STRUCT = {FLOAT16: "e", FLOAT32: "f", FLOAT64: "d"}
LEVELS = (3, -2, 0, 1, 0, -5, 7, 0, 0, -1, 2, 127)


def add(suite: Suite) -> None:
    """Add differences of one record; their faults are in `difference_faults`."""
    _planes(suite)
    _uniform(suite)
    _product(suite)
    _places(suite)
    _rounding(suite)


def floats(element: int, values: Sequence[float]) -> bytes:
    """Return elements of a float type; of bfloat16 the upper halves of binary32."""
    if element == BFLOAT16:
        return b"".join(struct.pack("<f", v)[2:] for v in values)
    return struct.pack(f"<{len(values)}{_STRUCT[element]}", *values)


def patterns(element: int, values: Sequence[int]) -> bytes:
    """Return elements with these bit patterns."""
    return b"".join(v.to_bytes(WIDTHS[element], "little") for v in values)


def update(record: Record, base: bytes) -> File:
    """Return a file of one section with a base."""
    return File([record], bases=[base])


def _planes(suite: Suite) -> None:
    for element, name in EXACT_NAMES.items():
        if element == OPAQUE16:
            continue
        width = WIDTHS[element]
        old = patterns(element, SPECIAL[element]) if element in SPECIAL else noise(name, 9 * width)
        count = len(old) // width
        top = (1 << 8 * width) - 1
        folded = [(0, 1, 2, top, top - 1, 5, 254, 255, 128, 3, 4)[i % 11] for i in range(count)]
        change = planes(element, matrix(1, count), patterns(element, folded))
        suite.valid(
            f"difference-planes-{name}",
            "differences of ordered patterns, over both ends of the order",
            "R-560",
            file=update(difference(change, OF_PLANES, [0]), old),
        )
    few = patterns(FLOAT32, [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 1, 0])
    old = floats(FLOAT32, [0.5 * i for i in range(12)])
    common = planes(FLOAT32, matrix(3, 4), few, [Huffman()], common={1: 0})
    suite.valid(
        "difference-planes-common",
        "elements that stay, by a common element",
        "R-560 R-531",
        file=update(difference(common, OF_PLANES, [0]), old),
    )
    turned = planes(FLOAT32, matrix(3, 4, transposed=True), few, rotate=True)
    suite.valid(
        "difference-planes-transposed",
        "rotated planes of a transposed view",
        "R-560",
        file=update(difference(turned, OF_PLANES, [0]), old),
    )


def _uniform(suite: Suite) -> None:
    view = matrix(3, 4)
    for element in FLOATS:
        old = floats(element, [1.5, -2.0, 0.0, -0.0, 0.125, -7.0, 100.0, 2.0**-14, 3.0, -3.0, 0.75, 9.0])
        change = uniform(element, view, LEVELS, step=0.1, offset=0.3)
        suite.valid(
            f"difference-uniform-{ELEMENT_NAMES[element]}",
            "levels added to elements",
            "R-560 R-540",
            file=update(difference(change, OF_UNIFORM, [0]), old),
        )
    old = floats(FLOAT32, [(i * i % 37 - 18) / 7 for i in range(48)])
    levels = [(i * 7 % 9) - 4 for i in range(48)]
    row, column = Codes((0, 9, 30, 2), Huffman()), Codes(tuple(range(12)), Packed())
    trellised = Integers(Rans(lanes=2))
    for name, change in {
        "no-offset": uniform(FLOAT32, matrix(4, 12), levels, step=0.01),
        "codes": uniform(FLOAT32, matrix(4, 12), levels, step=2.0**-9, row_codes=row, column_codes=column),
        "transform": uniform(FLOAT32, matrix(4, 3, 4), levels, step=0.01, transform=Transform(2, 2)),
        "mix": uniform(FLOAT32, matrix(4, 3, 4), levels, step=0.01, transform=Transform(2, 1, 1)),
        "transposed": uniform(FLOAT32, matrix(4, 12, transposed=True), levels, step=0.01, row_codes=row),
        "trellis": uniform(FLOAT32, matrix(4, 12), levels, trellised, step=0.01, trellis=Trellis(2, 10)),
        "sparse": uniform(
            FLOAT32, matrix(4, 12), [0] * 40 + [5] + [0] * 7, Integers(sparse=Sparse(0, (40,))), step=0.5
        ),
        "escapes": uniform(
            FLOAT32, matrix(4, 12), [0] * 47 + [9999], Integers(escape=True, lo=-1), step=1e-4
        ),
        "bases": uniform(FLOAT32, ragged([8, 20, 20]), levels, step=0.01, bases=[5, -5, 1000]),
    }.items():
        offsets = [0] * len(change.view.part_sizes)
        suite.valid(
            f"difference-uniform-{name}",
            f"added to elements: {name}",
            "R-560",
            file=update(difference(change, OF_UNIFORM, offsets), old),
        )


def _product(suite: Suite) -> None:
    left, right = [1, -2, 3, 0, -1, 7], [5, 0, -1, 2, 1, 1, -3, 0]
    for element in FLOATS:
        old = floats(element, [0.25 * i - 1 for i in range(12)])
        change = product(element, matrix(3, 4), (0, 9), left, right, step=0.003)
        suite.valid(
            f"difference-product-{ELEMENT_NAMES[element]}",
            "a product of rank 2 added",
            "R-560 R-356 R-357",
            file=update(difference(change, OF_PRODUCT, [0]), old),
        )
    old = floats(FLOAT32, [0.25 * i - 1 for i in range(12)])
    coded = Integers(Rans(lanes=2)), Integers(Huffman())
    ends = product(FLOAT32, matrix(2, 6), (95,), (32767, -32767), (32767, -32767, 0, 1, -1, 2), step=2.0**-60)
    wide = [(i * 5 % 7) - 3 for i in range(64 * 64)]
    for name, comment, change, base in (
        (
            "coders",
            "factors by rANS and Huffman, codes by Huffman",
            product(FLOAT32, matrix(3, 4), (0, 9), left, right, step=0.003, how=coded, coder=Huffman()),
            old,
        ),
        (
            "transposed",
            "a transposed view: elements of the base in payload order",
            product(FLOAT32, matrix(3, 4, transposed=True), (3, 17), left, right, step=0.003),
            old,
        ),
        (
            "sparse",
            "a sparse factor, and one with escapes",
            product(
                FLOAT32,
                matrix(3, 4),
                (0, 0),
                (0, 0, 0, 0, 9, 0),
                (300, 0, 0, 1, 2, 3, 0, 0),
                step=0.003,
                how=(Integers(sparse=Sparse(0, (4,))), Integers(escape=True, lo=0)),
            ),
            old,
        ),
        (
            "period",
            "channels and positions are columns",
            product(FLOAT32, matrix(3, 2, 2), (0, 9), left, right, step=0.003),
            old,
        ),
        ("largest", "the largest factors and step code", ends, old),
        ("one", "one element", product(FLOAT32, matrix(1), (8,), (3,), (4,), step=0.5), old),
        (
            "rank-64",
            "the greatest rank",
            product(FLOAT32, matrix(64, 64), range(64), wide, wide[::-1], step=1e-9),
            floats(FLOAT32, [i / 64 for i in range(4096)]),
        ),
    ):
        suite.valid(
            f"difference-product-{name}",
            comment,
            "R-560 R-357",
            file=update(difference(change, OF_PRODUCT, [0]), base),
        )


def _places(suite: Suite) -> None:
    rows = uniform(FLOAT32, ragged([2, 3, 1]), [1, 2, 3, 4, 5, 6], step=0.5)
    old = floats(FLOAT32, [float(i) for i in range(20)])
    back = difference(rows, OF_UNIFORM, [40, -20, 12])
    suite.valid(
        "difference-places", "parts of the base forwards and backwards", "R-355", file=update(back, old)
    )
    odd = difference(rows, OF_UNIFORM, [1, 0, 0])
    suite.valid("difference-odd-place", "elements at odd places", "R-355", file=update(odd, old))
    two = difference(rows, OF_UNIFORM, [0, 72, -12])
    suite.valid(
        "difference-two-bases",
        "parts of two base files",
        "R-355",
        file=File([two], bases=[old[:80], old[:12]]),
    )
    for name, at, offset, bases in (
        ("before", 0, -1, [old]),
        ("past", 0, 73, [old]),
        ("far", 0, 2**62 - 1, [old]),
        ("far-back", 0, -(2**62), [old]),
        ("second-past", 1, 65, [old]),
        ("second-before", 1, -9, [old]),
        ("over-end", 1, 64, [old[:79], old]),
    ):
        parent = f"difference-place-of-{name}"
        suite.valid(
            parent,
            "parts back to back",
            "R-355",
            file=File([difference(rows, OF_UNIFORM, [0, 0, 0])], bases=bases),
        )
        suite.bad(
            f"difference-{name}",
            parent,
            "E_REFERENCE",
            f"{RECORD}.base_offset[{at}]",
            "R-355",
            f"elements of part {at} that no base file has",
            {f"{RECORD}.base_offset[{at}]": svarint(offset)},
        )


def _rounding(suite: Suite) -> None:
    cases = {
        # Value, step and level such that a fused product and sum would round otherwise.
        FLOAT32: [(1.0, 1 + 2.0**-23, 3), (-1.0, 1 + 2.0**-12, 4097), (2.0**24, 1.0, 1), (0.1, 0.1, -1)],
        FLOAT64: [(1.0, 1 + 2.0**-23, 2**30 - 1), (-(1 + 2.0**-23), 1 + 2.0**-23, 1), (2.0**53, 1.0, 1)],
        FLOAT16: [(1.0, 2.0**-11, 1), (1.0, 2.0**-11, 3), (2048.0, 0.5, 1), (6e-8, 2.0**-25, 1)],
        BFLOAT16: [(1.0, 2.0**-8, 1), (1.0, 2.0**-8, 3), (256.0, 0.5, 1), (1.0, 2.0**-9 + 2.0**-20, 2)],
    }
    for element, rows in cases.items():
        for number, (old, step, level) in enumerate(rows):
            change = uniform(element, matrix(1), [level], Integers(lo=level), step=step)
            suite.valid(
                f"difference-rounding-{ELEMENT_NAMES[element]}-{number}",
                "one rounding for product, sum and type",
                "R-560 R-540 R-541",
                file=update(difference(change, OF_UNIFORM, [0]), floats(element, [old])),
            )
    zero = uniform(FLOAT32, matrix(1, 2), [0, 0], step=1.0)
    suite.valid(
        "difference-negative-zero",
        "-0 and +0 is +0",
        "R-560",
        file=update(difference(zero, OF_UNIFORM, [0]), floats(FLOAT32, [-0.0, 0.0])),
    )

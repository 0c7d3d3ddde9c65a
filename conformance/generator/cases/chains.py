"""Sections of several records, each changing what those before it made (SPEC.md, clauses 7.1 and 9.3)."""

from __future__ import annotations

from dataclasses import replace

from conformance.generator.cases.differences import floats
from conformance.generator.coders import Packed, Rans
from conformance.generator.differences import OF_PLANES, OF_PRODUCT, OF_UNIFORM, difference, product, section
from conformance.generator.fields import u32
from conformance.generator.files import File
from conformance.generator.integers import Integers
from conformance.generator.records import (
    FLOAT16,
    FLOAT32,
    OPAQUE1,
    OPAQUE4,
    Record,
    codebook,
    planes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.views import matrix, ragged

SECTION = "TENSOR[0]"
PARENT = "records-uniform"
MEMORY = "header.working_memory"


def add(suite: Suite) -> None:
    """Add good and bad sections of several records."""
    _good(suite)
    _heads(suite)
    _order(suite)
    _memory(suite)


def _levels(*levels: int, step: float = 0.25) -> Record:
    return difference(uniform(FLOAT32, matrix(2, 3), levels, step=step), OF_UNIFORM)


FIRST = uniform(FLOAT32, matrix(2, 3), (1, -2, 3, 0, 5, -6), step=0.1)
MORE = _levels(0, 1, 0, -1, 0, 2)


def _good(suite: Suite) -> None:
    whole = planes(FLOAT32, matrix(1, 6), floats(FLOAT32, [1, 2, 3, -4, 0.5, -0.0]))
    entries = codebook(FLOAT32, matrix(3, 2), [0x3F800000, 0x40000000], [0, 1, 1, 0, 0, 1])
    turned = difference(
        uniform(FLOAT32, matrix(3, 2, transposed=True), (1, 0, 2, 0, 3, 0), step=0.5), OF_UNIFORM
    )
    low = difference(product(FLOAT32, matrix(2, 3), (4,), (1, -1), (2, 0, 5), step=0.01), OF_PRODUCT)
    steps = difference(planes(FLOAT32, matrix(6), b"".join(bytes([i, 0, 0, 0]) for i in range(6))), OF_PLANES)
    bytes_ = planes(OPAQUE1, matrix(4), b"\0\1\2\xff")
    rows = difference(uniform(FLOAT32, ragged([1, 2, 3]), (1, 2, 3, 4, 5, 6), step=0.125), OF_UNIFORM)
    parts = uniform(FLOAT32, ragged([4, 2]), (1, 2, 3, 4, 5, 6), step=0.125)
    for name, comment, records in (
        (PARENT, "levels added to levels", (FIRST, MORE)),
        ("records-planes", "levels added to exact elements", (whole, MORE)),
        ("records-codebook", "levels added to entries of a codebook, in another view", (entries, MORE)),
        ("records-three", "levels of a transposed view, then a product", (FIRST, turned, low)),
        ("records-patterns", "differences of patterns, after each other", (FIRST, steps, steps)),
        ("records-opaque", "differences of bytes", (bytes_, difference(bytes_, OF_PLANES))),
        ("records-16", "as many records as there can be", (FIRST, *[MORE] * 15)),
        ("records-ragged", "parts are those of the first record", (parts, rows)),
        ("records-ragged-later", "rows of a later record are no parts", (FIRST, rows)),
    ):
        suite.valid(name, comment, "R-560 R-305 R-306", section(*records))
    old = floats(FLOAT32, [9.0, 8.0, 7.0, 6.0, 5.0, 4.0])
    based = difference(uniform(FLOAT32, matrix(2, 3), (1, 1, 1, 0, 0, 0), step=0.5), OF_UNIFORM, [0])
    suite.valid(
        "records-base",
        "levels added to elements of a base, then more",
        "R-560 R-305",
        file=File([section(based, MORE, low)], bases=[old]),
    )
    # Rounded to the element type after each record: 2048 + 1 + 1 stays 2048 in binary16.
    large = planes(FLOAT16, matrix(1), b"\0\x68")
    one = difference(uniform(FLOAT16, matrix(1), (1,), step=1.0), OF_UNIFORM)
    suite.valid(
        "records-rounded", "elements are rounded after each record", "R-560", section(large, one, one)
    )


def _heads(suite: Suite) -> None:
    head = f"{SECTION}.then[0].tool_and_type"
    for name, value, error, rule in (
        ("planes", FLOAT32, "E_TRAILING", "R-012"),
        ("uniform", 0x20 | FLOAT32, "E_TRAILING", "R-012"),
        ("tool-4", 0x40 | FLOAT32, "E_TRAILING", "R-012"),
        ("type-7", 0x37, "E_RESERVED", "R-301"),
        ("opaque16", 0x34, "E_TYPE", "R-302"),
        ("opaque4", 0x30 | OPAQUE4, "E_TYPE", "R-306"),
        ("float64", 0x3B, "E_TYPE", "R-306"),
    ):
        suite.fault(
            f"records-{name}-later", PARENT, head, bytes([value]), error, rule, f"a second record: {name}"
        )
    suite.bad(
        "records-17",
        "records-16",
        "E_LIMIT",
        f"{SECTION}.then[15].tool_and_type",
        "R-305",
        "a record too many",
        file=File([section(FIRST, *[MORE] * 16)]),
        bounded=True,
    )
    small = difference(uniform(FLOAT32, matrix(1, 5), (1, 2, 3, 4, 5), step=1.0), OF_UNIFORM)
    suite.bad(
        "records-smaller",
        PARENT,
        "E_SIZE",
        f"{SECTION}.then[0].view_kind",
        "R-316",
        "a later record of fewer elements",
        file=File([section(FIRST, small)]),
    )
    for field in ("view_kind", "method", "step"):
        suite.bad(
            f"records-cut-{field.replace('_', '-')}",
            PARENT,
            "E_TRUNCATED",
            f"{SECTION}.then[0].{field}",
            "R-011",
            f"the section ends before {field} of the second record",
            file=File([section(FIRST, _cut(MORE, field))]),
        )


def _cut(record: Record, field: str) -> Record:
    """Return a record that ends before a field, whose place is still there."""
    names = [name for name, _ in record.fields]
    kept = list(record.fields)[: names.index(field)]
    return replace(record, fields=type(record.fields)([*kept, type(kept[0])(field, b"")]))


def _order(suite: Suite) -> None:
    """Add sections with two faults: all syntax comes first, then all of the first record, then the second."""
    by_rans = Integers(Rans(lanes=1))
    coded = uniform(FLOAT32, matrix(2, 3), (1, -2, 3, 0, 5, -6), by_rans, step=0.1)
    more = difference(uniform(FLOAT32, matrix(2, 3), (1, -2, 3, 0, 5, -6), by_rans, step=0.1), OF_UNIFORM)
    parent = "records-rans"
    suite.valid(parent, "two records with rANS tokens", "R-560", section(coded, more))
    first, second = (f"{SECTION}.{own}levels.tokens" for own in ("", "then[0]."))
    names = [name for name, _ in suite.built(parent).fields]
    states = [name for name in names if name.endswith(".state")]
    one, two = states
    data = dict(suite.built(parent).fields)
    wrong = {name: bytes([data[name][0] ^ 1]) + data[name][1:] for name in states}
    suite.bad(
        "precedence-records-tokens",
        parent,
        "E_ENTROPY",
        first,
        "R-503",
        "wrong tokens in both records: those of the first are reported",
        wrong,
        features="precedence",
    )
    suite.bad(
        "precedence-records-syntax",
        parent,
        "E_STEP",
        f"{SECTION}.then[0].step",
        "R-503",
        "wrong tokens in the first record, a wrong step in the second: syntax comes first",
        {one: wrong[one], f"{SECTION}.then[0].step": bytes(4)},
        features="precedence",
    )
    suite.bad(
        "precedence-records-second",
        parent,
        "E_ENTROPY",
        second,
        "R-503",
        "wrong tokens in the second record",
        {two: wrong[two]},
    )
    large = uniform(
        FLOAT32, matrix(2, 3), (2**30, 0, 0, 0, 0, 0), Integers(Packed(), low_bits=24), step=2.0**100
    )
    over = File([section(large, more)])
    suite.bad(
        "precedence-records-values",
        parent,
        "E_RANGE",
        f"{SECTION}.levels.flags",
        "R-503",
        "a value of the first record that overflows comes before tokens of the second",
        {two: wrong[two]},
        file=over,
        features="precedence",
    )


def _memory(suite: Suite) -> None:
    for name, parent, comment in (
        ("product", "difference-product-float32", "factors of a product and step codes"),
        ("records", PARENT, "the elements between records"),
        ("records-sum", "records-three", "what all records need"),
    ):
        stated = int.from_bytes(dict(suite.built(parent).fields)[MEMORY], "little")
        suite.fault(
            f"working-memory-{name}",
            parent,
            MEMORY,
            u32(stated - 1),
            "E_LIMIT",
            "R-110",
            f"a byte less than is needed: {comment}",
            at=SECTION,
        )

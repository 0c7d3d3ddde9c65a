"""Integer blocks of more than 2^16 elements, with escapes, codes and gaps far in."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.generator.coders import Bzip2, Coder
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    FLOAT16,
    OPAQUE1,
    OPAQUE2,
    Codes,
    Transform,
    codebook,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.views import matrix, ragged

LONG = 70_000
"""Elements: more than 2^16."""


def _waves(count: int, period: int, top: int) -> list[int]:
    """Return numbers 0..top that repeat, so that they compress well."""
    return [(i % period) * 7 % (top + 1) for i in range(count)]


def add(suite: Suite) -> None:
    """Add blocks that are longer than what decoders work on at once."""
    packed = Bzip2()
    indices = _waves(LONG, 100, 250)
    for place in (0, 3, 65_535, 65_536, 69_999):
        indices[place] = 255 + place % 45
    entries = list(range(7, 7 + 3 * 300, 3))
    suite.valid(
        "codebook-long-escapes", "70000 indices with escapes up to the last", "R-405 R-520",
        codebook(OPAQUE2, matrix(LONG), entries, indices, Integers(packed, lo=0, escape=True)),
    )  # fmt: skip
    suite.valid(
        "codebook-escapes-65537", "65537 indices, all escapes", "R-405 R-520",
        codebook(OPAQUE1, matrix(65_537), [3, 8, 9], [*[1] * 65_535, 0, 2], Integers(packed, lo=100)),
    )  # fmt: skip
    suite.valid(
        "codebook-long-escape", "65536 indices, the last is an escape", "R-405 R-520",
        codebook(OPAQUE1, matrix(65_536), entries[:64], [*[1] * 65_535, 0],
                 Integers(packed, lo=1, escape=True)),
    )  # fmt: skip
    _add_long_uniform(suite, packed)
    levels = [5] * LONG
    places = tuple(range(200, LONG, 250))
    for place in places:
        levels[place] = place % 11
    suite.valid(
        "sparse-long", "a sparse block of 70000 integers", "R-409 R-522",
        codebook(OPAQUE1, matrix(LONG), list(range(0, 22, 2)), levels,
                 Integers(packed, sparse=Sparse(5, places, packed))),
    )  # fmt: skip


def _add_long_uniform(suite: Suite, packed: Coder) -> None:
    """Rows longer than 2^16 columns, in two of them, and 2^16 elements in rows of a few."""

    def codes(count: int) -> Codes:
        return Codes(tuple(_waves(count, 64, 30)), packed)

    def levels(count: int) -> Sequence[int]:
        return [v - 6 for v in _waves(count, 91, 12)]

    wide = matrix(2, LONG)
    for name, comment, record in (
        ("column-codes", "column codes of 70000 columns",
         uniform(FLOAT16, wide, levels(2 * LONG), Integers(packed), step=2.0**-9, column_codes=codes(LONG))),
        ("low-bits", "70000 columns with low bits",
         uniform(FLOAT16, matrix(1, LONG), levels(LONG), Integers(packed, low_bits=1),
                 row_codes=codes(1))),
        ("transform", "7500 blocks of 3 x 3 in a row",
         uniform(FLOAT16, matrix(1, 7_500, 9), levels(67_500), Integers(packed), step=2.0**-5,
                 transform=Transform(3, 3), row_codes=codes(1))),
        ("mix", "2100 blocks of 8 planes of 2 x 2 in a row",
         uniform(FLOAT16, matrix(1, 2_100, 32), levels(67_200), Integers(packed), step=2.0**-5,
                 transform=Transform(2, 2, 3))),
        ("rows", "7000 rows of ten columns, each with its row code",
         uniform(FLOAT16, matrix(7_000, 10), levels(LONG), Integers(packed), step=2.0**-9,
                 row_codes=codes(7_000), column_codes=codes(10))),
    ):  # fmt: skip
        suite.valid(f"uniform-long-{name}", comment, "R-540 R-542", record)
    dense = [0] * LONG
    places = tuple(range(100, LONG, 200))
    for place in places:
        dense[place] = place % 17 - 8
    suite.valid(
        "uniform-long-sparse", "7000 rows of ten columns, sparse, each with its row code", "R-522 R-540",
        uniform(FLOAT16, matrix(7_000, 10), dense, Integers(packed, sparse=Sparse(0, places, packed)),
                row_codes=codes(7_000)),
    )  # fmt: skip
    places = tuple(range(5, 98_307, 230))
    dense = [0] * 98_307
    for place in places:
        dense[place] = place % 17 - 8
    suite.valid(
        "uniform-long-sparse-wide", "three rows of 32769 columns, sparse, each with its row code",
        "R-522 R-540",
        uniform(FLOAT16, matrix(3, 32_769), dense, Integers(packed, sparse=Sparse(0, places, packed)),
                row_codes=Codes((1, 9, 5))),
    )  # fmt: skip
    lengths = [1, LONG, 3, 65_535, 1]
    bases = [4, -1000, 7, 1000, 0]
    suite.valid(
        "uniform-long-bases", "ragged rows of up to 70000 elements with row bases", "R-346 R-540",
        uniform(FLOAT16, ragged(lengths), levels(sum(lengths)), Integers(packed), bases=bases),
    )  # fmt: skip

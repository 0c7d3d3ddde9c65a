"""The inverse transform (SPEC.md, clauses 7.5 and 9.8)."""

from __future__ import annotations

from conformance.generator.coders import Huffman, Packed, Rans
from conformance.generator.fields import noise
from conformance.generator.files import Change, File
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Codes, Transform, uniform
from conformance.generator.suite import Suite
from conformance.generator.trellis import Trellis
from conformance.generator.views import matrix

PARENT = "transform"
"""Two planes of 2 x 3."""
SHAPES = (
    (1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (1, 7), (7, 1), (4, 4), (5, 5), (8, 8), (3, 5), (5, 3), (6, 10),
    (9, 11), (13, 12), (14, 15), (10, 6), (11, 9), (12, 13), (15, 14), (16, 16), (1, 16), (16, 1), (7, 7),
)  # fmt: skip


def add(suite: Suite) -> None:
    """Add good and bad transforms."""
    _shapes(suite)
    _limits(suite)
    _bad(suite)


def _shapes(suite: Suite) -> None:
    for h, w in SHAPES:
        size = h * w
        # All coefficients, so that every number of the basis is used.
        levels = [b % 31 - 15 for b in noise(f"{h} x {w}", size)]
        suite.valid(
            f"transform-{h}x{w}", f"a block of {h} rows and {w} columns", "R-345 R-550",
            uniform(FLOAT64, matrix(1, 1, size), levels, step=2.0**-7, transform=Transform(h, w)),
        )  # fmt: skip
    for t in range(7):
        size = 2 << t
        levels = [b % 15 - 7 for b in noise(f"mix {t}", 3 * size)]
        suite.valid(
            f"transform-mix-{t}", f"three channels of {1 << t} planes of 1 x 2", "R-345 R-348 R-550",
            uniform(FLOAT32, matrix(1, 3, size), levels, step=2.0**-7, transform=Transform(1, 2, t)),
        )  # fmt: skip
    view = matrix(2, 3, 12)
    levels = [b % 9 - 4 for b in noise("view", 72)]
    block = Transform(3, 2, 1)
    for name, record, comment in (
        ("rows", uniform(FLOAT16, view, levels, transform=block), "rows, channels and blocks of two planes"),
        ("transposed", uniform(BFLOAT16, matrix(2, 3, 12, transposed=True), levels, transform=block),
         "a transposed view: blocks stay whole"),
        ("codes", uniform(FLOAT32, view, levels, step=2.0**-9, transform=block, row_codes=Codes((0, 9)),
                          column_codes=Codes(tuple(range(36)))), "column codes before, row codes after it"),
        ("trellis",
         uniform(FLOAT32, view, levels, Integers(Rans(3)), transform=block, trellis=Trellis(2, 24)),
         "of a trellis"),
        ("offset", uniform(FLOAT32, view, levels, transform=block, offset=-0.75), "an offset after it"),
        ("sparse", uniform(FLOAT32, view, [0] * 40 + [77] + [0] * 31,
                           Integers(Huffman(), sparse=Sparse(0, (40,))), transform=block), "one coefficient"),
        ("constant", uniform(FLOAT32, view, [9, *[0] * 11] * 6, transform=block), "the same block six times"),
    ):  # fmt: skip
        suite.valid(f"transform-{name}", comment, "R-550 R-540", record)


def _limits(suite: Suite) -> None:
    for t, limit in ((0, 2**23), (1, 2**22), (6, 2**17)):
        size = 4 << t
        for name, sign in (("greatest", 1), ("least", -1)):
            levels = [sign * limit, *[0] * (size - 1)]
            how = Integers(lo=0 if sign > 0 else -limit, escape=True)
            parent = f"transform-mix-{t}-{name}"
            suite.valid(
                parent, f"{1 << t} planes and X of {sign * limit}", "R-542 R-550",
                uniform(FLOAT32, matrix(1, 1, size), levels, how, transform=Transform(2, 2, t)),
            )  # fmt: skip
            more = [sign * (limit + 1), *levels[1:]]
            wrong = uniform(
                FLOAT32,
                matrix(1, 1, size),
                more,
                Integers(lo=how.lo, escape=True),
                transform=Transform(2, 2, t),
            )
            suite.bad(
                f"{parent}-and-1", parent, "E_RANGE", "TENSOR[0].levels.flags", "R-542",
                f"{1 << t} planes and X of one more in magnitude than allowed",
                file=File([wrong]),
            )  # fmt: skip
    full = [2**23, *[2**23 * (1 if b & 1 else -1) for b in noise("full", 255)]]
    suite.valid(
        "transform-full-scale", "16 x 16 coefficients of 2^23 in magnitude", "R-542 R-550 R-950",
        uniform(FLOAT64, matrix(1, 1, 256), full, Integers(low_bits=24), transform=Transform(16, 16)),
    )  # fmt: skip
    last = [0] * 16384
    coded = (0, 255, 256, 5000, 16383)
    for place in coded:
        last[place] = place % 200 - 101
    # Gaps of at most 255.
    places = tuple(sorted({*range(0, 16384, 256), *coded}))
    suite.valid(
        "transform-greatest", "the largest block: 64 planes of 16 x 16, five coefficients",
        "R-345 R-348 R-550",
        uniform(
            FLOAT16, matrix(1, 1, 16384), last, Integers(Packed(8), sparse=Sparse(0, places, Packed(8))),
            step=0.25, transform=Transform(16, 16, 6),
        ),
        bounded=True,
    )  # fmt: skip


def _bad(suite: Suite) -> None:
    block, mix = "TENSOR[0].block", "TENSOR[0].mix"
    for value in (7, 8, 255):
        suite.fault(f"mix-{value}", PARENT, mix, bytes([value]), "E_RESERVED", "R-348 R-800", f"mix {value}")
    for name, place, value, comment in (
        ("mix-less", mix, 0, "a block of half the period"),
        ("mix-more", mix, 2, "a block of twice the period"),
        ("block-wider", block, 0x13, "a block one column wider than the period"),
        ("block-1x1", block, 0, "a block of two elements"),
        ("block-16x16", block, 0xFF, "a block of 512 elements"),
    ):
        suite.fault(f"transform-{name}", PARENT, place, bytes([value]), "E_VIEW", "R-345", comment, at=mix)
    for field in ("block", "mix"):
        suite.bad(
            f"transform-ends-before-{field}", PARENT, "E_TRUNCATED", f"TENSOR[0].{field}", "R-011",
            f"the section ends before {field}", change=Change(cut=f"TENSOR[0].{field}"), features="truncated",
        )  # fmt: skip

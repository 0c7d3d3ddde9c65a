"""Tool uniform to integer types: ties, ends, and every part of the tool (SPEC.md, clauses 7.5 and 9.7)."""

from __future__ import annotations

from conformance.generator.cases.uniform import TOP
from conformance.generator.coders import Contexts, Packed, Rans
from conformance.generator.fields import noise
from conformance.generator.files import MAIN, File
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    ELEMENT_NAMES,
    FLOAT32,
    INT8,
    UINT8,
    Codes,
    Transform,
    planes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.trellis import Trellis
from conformance.generator.views import matrix, ragged

NEXT_TO_HALF = 0.5 + 2.0**-24
"""The binary32 after one half."""


def add(suite: Suite) -> None:
    """Add good records of both integer types, and those that cannot change them."""
    for element in (INT8, UINT8):
        _rounding(suite, element)
        _ends(suite, element)
        _parts(suite, element)
    _faults(suite)


def _rounding(suite: Suite, element: int) -> None:
    name, offset = ELEMENT_NAMES[element], 0.0 if element == INT8 else 128.0
    every = list(range(-128, 128)) if element == INT8 else list(range(256))
    suite.valid(
        f"uniform-{name}", f"every number of {name} there is", "R-301 R-543",
        uniform(element, matrix(16, 16), every, Integers(low_bits=1)),
    )  # fmt: skip
    ties = list(range(-9, 10))
    for own, step in (("ties", 0.5), ("next-to-ties", NEXT_TO_HALF), ("quarters", 0.25), ("thirds", 1 / 3)):
        suite.valid(
            f"uniform-{name}-{own}", f"{own}, to the nearest and the even integer of {name}", "R-540 R-543",
            uniform(element, matrix(1, len(ties)), ties, step=step, offset=offset or None),
        )  # fmt: skip
    suite.valid(
        f"uniform-{name}-offset", "ties that the offset makes", "R-540 R-543",
        uniform(element, matrix(1, len(ties)), ties, step=3.0, offset=offset + 0.5),
    )  # fmt: skip
    # 2^24 + 1 in binary64 rounds away from no tie: a sum of 2^24 + 1 quarters, less what an offset takes.
    suite.valid(
        f"uniform-{name}-cancelled", "a sum that binary32 would make a tie", "R-543",
        uniform(
            element, matrix(1, 3), [2**25 + 1, 2**25 + 2, 2**25 + 3], Integers(low_bits=18), step=0.25,
            offset=-(2.0**23) + 0.25,
        ),
    )  # fmt: skip


def _ends(suite: Suite, element: int) -> None:
    name = ELEMENT_NAMES[element]
    middle = 0 if element == INT8 else 128
    near = [v + end for end in (middle - 128, middle + 127) for v in (-2, -1, 0, 1, 2, 3)]
    suite.valid(
        f"uniform-{name}-ends", "integers up to and beyond both ends", "R-543",
        uniform(element, matrix(2, 6), near, Integers(low_bits=2)),
    )  # fmt: skip
    halves = [2 * end + v for end in (middle - 128, middle + 127) for v in (-2, -1, 0, 1, 2)]
    suite.valid(
        f"uniform-{name}-end-ties", "ties at both ends, on both of their sides", "R-543",
        uniform(element, matrix(2, 5), halves, Integers(low_bits=2), step=0.5),
    )  # fmt: skip
    far = uniform(
        element, matrix(2, 3), [TOP, -TOP, 1, -1, 0, 2], Integers(lo=-4, escape=True), step=3e38,
        row_codes=Codes((255, 0), Packed(8)), column_codes=Codes((0, 0, 0), Packed(8)),
    )  # fmt: skip
    suite.valid(f"uniform-{name}-far", "numbers as far beyond the ends as there are", "R-543", far)
    sums = [level for end in (-(2**40), 2**40) for level in (end >> 20, (end >> 20) + 1)]
    suite.valid(
        f"uniform-{name}-wraps", "numbers whose lowest eight bits are of the type", "R-543",
        uniform(element, matrix(1, 4), sums, Integers(low_bits=16), step=2.0**20),
    )  # fmt: skip


def _parts(suite: Suite, element: int) -> None:
    name, offset = ELEMENT_NAMES[element], None if element == INT8 else 127.5
    levels = [b % 19 - 9 for b in noise(f"integers {name}", 48)]
    for machine in (1, 2):
        suite.valid(
            f"uniform-{name}-trellis-{4 * machine}",
            f"a trellis of {4 * machine} states, row codes, contexts", "R-511 R-543",
            uniform(
                element, matrix(3, 16), levels, Integers(Rans(2, contexts=Contexts(2, [0, 1, 0], [0] * 16))),
                step=0.7, offset=offset, row_codes=Codes((0, 9, 14), Packed(4)), trellis=Trellis(machine, 16),
            ),
        )  # fmt: skip
    suite.valid(
        f"uniform-{name}-codes", "row and column codes, a transposed view", "R-543",
        uniform(
            element, matrix(4, 12, transposed=True), levels, step=0.013, offset=offset,
            row_codes=Codes((0, 3, 8, 16), Packed(8)), column_codes=Codes(tuple(range(12)), Packed(4)),
        ),
    )  # fmt: skip
    suite.valid(
        f"uniform-{name}-transform", "a transform of two planes of 2 x 2", "R-543 R-550",
        uniform(element, matrix(2, 3, 8), levels, step=3.0, offset=offset, transform=Transform(2, 2, 1)),
    )  # fmt: skip
    suite.valid(
        f"uniform-{name}-sparse", "a sparse block", "R-522 R-543",
        uniform(element, matrix(4, 12), [0] * 40 + [5, 0, -3, 0, 0, 1, 0, 0],
                Integers(sparse=Sparse(0, (40, 42, 45))), step=1.5, offset=offset),
    )  # fmt: skip
    bases = uniform(
        element, ragged([7, 40, 1]), levels, step=0.9, offset=offset, bases=[1, -30, 80],
        row_codes=Codes((0, 8, 16), Packed(8)),
    )  # fmt: skip
    suite.valid(f"uniform-{name}-ragged", "rows of different lengths, row bases", "R-346 R-543", bases)
    suite.valid(f"uniform-{name}-main", "profile Main", "R-543", file=File([bases], profile=MAIN))


def _faults(suite: Suite) -> None:
    opaque = planes(0, matrix(3, 4), bytes(range(12)))
    whole = uniform(INT8, matrix(3, 4), list(range(12)))
    suite.valid("uniform-int8-beside-opaque", "int8 beside opaque bytes", "R-302", whole, opaque)
    suite.fault(
        "uniform-int8-step-zero", "uniform-int8", "TENSOR[0].step", bytes(4), "E_STEP", "R-343",
        "a step of zero to int8",
    )  # fmt: skip
    wide = uniform(FLOAT32, matrix(1, 3), [1, 2, 3])
    suite.valid("uniform-three-floats", "three elements of float32", "R-316", wide)
    suite.fault(
        "uniform-float-as-int8", "uniform-three-floats", "TENSOR[0].tool_and_type", b"\x25", "E_SIZE",
        "R-316",
        "the output is that of float32, the type int8", at="TENSOR[0].view_kind",
    )  # fmt: skip

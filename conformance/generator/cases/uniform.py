"""Tool uniform: its fields, step codes, row bases (SPEC.md, clauses 7.5 and 9.7)."""

from __future__ import annotations

import math

from conformance.generator.cases.basics import LEVELS
from conformance.generator.coders import Packed, Rans
from conformance.generator.fields import f32, svarint, u32
from conformance.generator.files import MAIN, Change, File
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    BFLOAT16,
    ELEMENT_NAMES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    Codes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.views import matrix, ragged

TOP = 2**31 - 1
PLAIN = "uniform-packed"
TRELLIS = "trellis"
FLAGS = "TENSOR[0].flags"
FLOATS = (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)


def add(suite: Suite) -> None:
    """Add good and bad uniform records."""
    _types(suite)
    _flags(suite)
    _step_and_offset(suite)
    _codes(suite)
    _bases(suite)


def _types(suite: Suite) -> None:
    for element in FLOATS:
        name = ELEMENT_NAMES[element]
        suite.valid(
            f"uniform-{name}", f"levels to {name}", "R-540 R-541",
            uniform(element, matrix(3, 4), LEVELS, step=0.1, offset=0.3),
        )  # fmt: skip
        constant = uniform(element, matrix(3, 4), [5] * 12, step=0.1)
        suite.valid(f"uniform-{name}-constant", "twelve equal elements", "R-540", constant)


def _flags(suite: Suite) -> None:
    for value in (0x80, 0x83, 0xFF):
        suite.fault(
            f"uniform-flags-{value}",
            PLAIN,
            FLAGS,
            bytes([value]),
            "E_RESERVED",
            "R-340 R-800",
            f"flags {value}",
        )
    rows = uniform(FLOAT32, ragged([5, 7]), LEVELS)
    file = File([rows], profile=MAIN)
    suite.valid("uniform-ragged-main", "a ragged view, profile Main", "R-342", file=file)
    whole = uniform(FLOAT32, matrix(3, 4), LEVELS)
    file = File([whole], profile=MAIN)
    suite.valid("uniform-matrix-main", "a matrix view, profile Main", "R-342", file=file)
    for parent, value, comment in (
        ("uniform-ragged-main", 4, "a transform of a ragged view"),
        ("uniform-ragged-main", 16, "column codes of a ragged view"),
        ("uniform-matrix-main", 64, "row bases of a matrix view"),
        ("uniform-matrix-main", 127, "all flags that there are, row bases among them, of a matrix view"),
    ):
        suite.fault(f"uniform-flags-{value}-view", parent, FLAGS, bytes([value]), "E_VIEW", "R-342", comment)
    for field in ("flags", "step", "offset", "row_codes.coder", "column_codes.coder", "segment"):
        own = field.replace("_", "-").replace(".", "-")
        suite.bad(
            f"uniform-ends-before-{own}", TRELLIS, "E_TRUNCATED", f"TENSOR[0].{field}", "R-011",
            f"the section ends before {field}", change=Change(cut=f"TENSOR[0].{field}"), features="truncated",
        )  # fmt: skip
    suite.bad(
        "uniform-ends-within-step", PLAIN, "E_TRUNCATED", "TENSOR[0].step", "R-011",
        "the section ends within step", change=Change(cut="TENSOR[0].step", keep=3), features="truncated",
    )  # fmt: skip


def _step_and_offset(suite: Suite) -> None:
    subnormal = u32(0x007FFFFF)
    for name, value in (
        ("zero", f32(0.0)), ("minus-zero", f32(-0.0)), ("negative", f32(-1.0)), ("infinite", f32(math.inf)),
        ("minus-infinite", f32(-math.inf)), ("nan", u32(0x7FC00000)), ("subnormal", subnormal),
        ("subnormal-least", u32(1)), ("signalling-nan", u32(0x7F800001)),
    ):  # fmt: skip
        suite.fault(f"step-{name}", PLAIN, "TENSOR[0].step", value, "E_STEP", "R-343", f"the step is {name}")
        if name in ("negative", "subnormal", "subnormal-least"):
            continue
        suite.fault(
            f"offset-{name}", TRELLIS, "TENSOR[0].offset", value, "E_STEP", "R-344", f"the offset is {name}"
        )
    for name, step, offset, element in (
        ("step-least", 2.0**-126, None, FLOAT64),
        ("step-greatest", u32(0x7F7FFFFF), None, FLOAT64),
        ("step-with-24-bits", u32(0x3F7FFFFF), None, FLOAT64),
        ("offset-subnormal", 2.0**-126, u32(1), FLOAT64),
        ("offset-minus-subnormal", 2.0**-126, u32(0x80000001), FLOAT32),
        ("offset-greatest", 1.0, u32(0x7F7FFFFF), FLOAT64),
        ("offset-least", 1.0, u32(0xFF7FFFFF), FLOAT32),
    ):
        record = uniform(element, matrix(3, 4), LEVELS, step=step, offset=offset)
        suite.valid(f"uniform-{name}", f"{name}", "R-343 R-344 R-540", record)


def _codes(suite: Suite) -> None:
    view = matrix(4, 2)
    levels = [1, -1, 3, 0, 2, 5, -4, 1]
    least = 2.0**-126
    for name, rows, columns, step in (
        ("row-codes", (0, 7, 8, 255), None, least),
        ("column-codes", None, (0, 255), least),
        ("both-codes", (255, 248, 1, 15), (255, 16), least),
        ("octaves", tuple(range(8, 12)), (63, 64), 2.0**-20),
    ):
        record = uniform(
            FLOAT64, view, levels, Integers(Rans(2)), step=step,
            row_codes=Codes(rows, Packed(8)) if rows else None,
            column_codes=Codes(columns, Packed(8)) if columns else None,
        )  # fmt: skip
        suite.valid(f"uniform-{name}", f"step codes: {name}", "R-540", record)
    every = uniform(
        FLOAT64, matrix(256, 1), [1] * 256, step=1.0, row_codes=Codes(tuple(range(256)), Packed(8))
    )
    suite.valid("uniform-row-codes-every", "every step code there is", "R-540", every)
    # X below 2^52: step code 232 stands for 2^32.
    for sign in (1, -1):
        name = "greatest" if sign > 0 else "least"
        great = uniform(
            FLOAT64, matrix(1, 2), [sign * (2**20 - 1), 0], Integers(low_bits=13, lo=0 if sign > 0 else -128),
            column_codes=Codes((232, 232), Packed(8)),
        )  # fmt: skip
        suite.valid(f"scaled-{name}", "X of 2^52 - 2^32 or its negative", "R-542", great)
        suite.fault(
            f"scaled-{name}-and-more", f"scaled-{name}", "TENSOR[0].column_codes.bits", b"\xe9\xe9",
            "E_RANGE",
            "R-542 R-950", "X of more than 2^52 in magnitude", at="TENSOR[0].levels.flags",
        )  # fmt: skip
    exact = uniform(
        FLOAT64,
        matrix(1, 2),
        [2**19, 1],
        Integers(low_bits=13, lo=0),
        column_codes=Codes((232, 0), Packed(8)),
    )
    suite.valid("scaled-half", "X of 2^51", "R-542", exact)
    suite.fault(
        "scaled-2-52", "scaled-half", "TENSOR[0].column_codes.bits", b"\xf0\0", "E_RANGE", "R-542",
        "X of 2^52", at="TENSOR[0].levels.flags",
    )  # fmt: skip
    wrap = uniform(
        FLOAT64, matrix(1, 2), [2**30, 1], Integers(low_bits=24, lo=0), column_codes=Codes((0, 0), Packed(8))
    )
    suite.valid("scaled-2-33", "X of 2^33", "R-542", wrap)
    suite.fault(
        "scaled-2-64", "scaled-2-33", "TENSOR[0].column_codes.bits", b"\xf8\0", "E_RANGE", "R-542 R-950",
        "X of 2^64", at="TENSOR[0].levels.flags",
    )  # fmt: skip
    hidden = uniform(
        FLOAT64, matrix(1, 2), [2**31 - 1, 0], Integers(sparse=Sparse(2**31 - 1, (1,))),
        column_codes=Codes((0, 0), Packed(8)),
    )  # fmt: skip
    suite.valid("scaled-background", "a background of 2^31 - 1 and column codes", "R-522 R-542", hidden)
    suite.fault(
        "scaled-background-and-more", "scaled-background", "TENSOR[0].column_codes.bits", b"\xf0\0",
        "E_RANGE", "R-522 R-542", "X of 2^64 - 2^33 from the background alone", at="TENSOR[0].levels.flags",
    )  # fmt: skip


def _bases(suite: Suite) -> None:
    parent = "ragged"
    for value in (2**31, -(2**31), -(2**62)):
        name = f"minus-{-value}" if value < 0 else str(value)
        suite.fault(
            f"row-base-{name}", parent, "TENSOR[0].row_base[1]", svarint(value), "E_LIMIT", "R-346",
            f"row base {value}",
        )  # fmt: skip
    great = uniform(FLOAT64, ragged([1, 2]), [0, 0, -1], bases=[TOP, -TOP + 1])
    suite.valid("row-bases-greatest", "the greatest row base, and a sum of -(2^31-1)", "R-346 R-542", great)
    for name, row, value in (("least", 1, -TOP), ("sum", 0, TOP)):
        changed = {f"TENSOR[0].row_base[{row}]": svarint(value)}
        if name == "sum":
            changed["TENSOR[0].levels.lo"] = svarint(1)
        suite.bad(
            f"row-bases-{name}", "row-bases-greatest", "E_RANGE", "TENSOR[0].levels.flags", "R-542",
            "a level and its row base exceed 2^31 - 1 in magnitude", changed,
        )  # fmt: skip
    suite.fault(
        "row-base-varint", parent, "TENSOR[0].row_base[2]", b"\x80\0", "E_VARINT", "R-013",
        "a row base is not minimal",
    )  # fmt: skip
    for row in (0, 2):
        suite.bad(
            f"uniform-ends-before-row-base-{row}", parent, "E_TRUNCATED", f"TENSOR[0].row_base[{row}]",
            "R-011",
            "the section ends within the row bases", change=Change(cut=f"TENSOR[0].row_base[{row}]"),
            features="truncated",
        )  # fmt: skip

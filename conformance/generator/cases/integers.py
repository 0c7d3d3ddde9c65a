"""Integer blocks (SPEC.md, clauses 8.1 and 9.5)."""

from __future__ import annotations

from conformance.generator.cases.basics import LEVELS
from conformance.generator.coders import Packed, Rans
from conformance.generator.fields import svarint, varint
from conformance.generator.files import Change
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import FLOAT64, uniform
from conformance.generator.suite import Suite
from conformance.generator.views import matrix

TOP = 2**31 - 1
PLAIN = "uniform-packed"
ESCAPES = "integers"
"""lo -4, three low bits; escapes are 12500 and -8750."""
SPARSE = "sparse"
BLOCK = "TENSOR[0].levels"


def add(suite: Suite) -> None:
    """Add good and bad integer blocks."""
    _valid(suite)
    _flags(suite)
    _lo(suite)
    _low_bits(suite)
    _escapes(suite)
    _sparse(suite)
    _cuts(suite)


def _valid(suite: Suite) -> None:
    for name, integers, how, rules, comment in (
        ("lo-greatest", [TOP, TOP], Integers(), "R-402 R-521", "the greatest lo"),
        ("lo-least", [-TOP, -TOP + 3], Integers(), "R-402 R-521", "the least lo"),
        ("lo-below", [250, 251], Integers(lo=0), "R-402", "tokens far above 0"),
        ("token-255", [-7, 248], Integers(), "R-402", "token 255, which is no escape"),
        ("low-bits-1", [0, 1, -1, 5], Integers(low_bits=1), "R-404", "one low bit"),
        ("low-bits-24", [TOP, -TOP, 5, -5], Integers(low_bits=24), "R-404 R-521", "24 low bits"),
        ("low-bits-8", [-256, 255, 0, -1], Integers(low_bits=8), "R-404", "low bits that fill bytes"),
        ("low-bits-0", [8, -16], Integers(low_bits=3), "R-404", "low bits that are all 0"),
        ("escapes-all", [TOP, -TOP, 900], Integers(lo=0, escape=True), "R-405 R-406", "escapes only"),
        ("escapes-near", [-1, 255, 0, 254], Integers(lo=0), "R-407", "the escapes nearest to lo..lo+254"),
        ("escapes-low", [-2000, 40000, 3, -8], Integers(lo=-2, low_bits=4), "R-405", "escapes and low bits"),
        ("escape-zero-lo", [TOP, 5], Integers(lo=0, low_bits=4), "R-406", "an escape, its low bits all 1"),
    ):
        record = uniform(FLOAT64, matrix(len(integers)), integers, how)
        suite.valid(f"integers-{name}", comment, f"{rules} R-520", record)
    some = [0] * 300 + [5] + [0] * 400 + [-9]
    bridge = (255, 300, 556, 701)
    for name, integers, sparse, how, comment in (
        ("first", [9, 0, 0], Sparse(0, (0,)), Integers(), "the first position only"),
        ("last", [0, 0, 9], Sparse(0, (2,)), Integers(), "the last position only"),
        ("all", [1, 2, 3], Sparse(0, (0, 1, 2)), Integers(), "all positions"),
        ("bridge", some, Sparse(0, bridge), Integers(), "gaps of 255, bridged by entries of the background"),
        ("background-greatest", [TOP, 1], Sparse(TOP, (1,)), Integers(), "the greatest background"),
        ("background-least", [-TOP, 1], Sparse(-TOP, (1,)), Integers(), "the least background"),
        ("background-final", [3, 80, 3], Sparse(3, (1,)), Integers(low_bits=4), "no low bits in it"),
        ("escapes", [7, 7, 9000, 2], Sparse(7, (2, 3)), Integers(lo=0), "an escape in a sparse block"),
    ):
        how = Integers(how.coder, how.lo, how.low_bits, how.escape, sparse)
        record = uniform(FLOAT64, matrix(len(integers)), integers, how)
        suite.valid(f"sparse-{name}", comment, "R-408 R-409 R-522", record)


def _flags(suite: Suite) -> None:
    for value in (5, 6, 7, 0x40, 0x80, 0xC0, 0xFF):
        suite.fault(
            f"integer-flags-{value}", PLAIN, f"{BLOCK}.flags", bytes([value]), "E_RESERVED", "R-400 R-800",
            f"flags {value}",
        )  # fmt: skip


def _lo(suite: Suite) -> None:
    for value in (2**31, -(2**31), 2**62 - 1, -(2**62)):
        suite.fault(
            f"lo-{_name(value)}", PLAIN, f"{BLOCK}.lo", svarint(value), "E_LIMIT", "R-402", f"lo {value}"
        )
    suite.fault(
        "lo-greatest-and-token", PLAIN, f"{BLOCK}.lo", svarint(TOP), "E_RANGE", "R-402 R-521",
        "the greatest lo and tokens above 0", at=f"{BLOCK}.flags",
    )  # fmt: skip
    suite.valid(
        "integers-greatest", "the greatest integers by lo and token", "R-521",
        uniform(FLOAT64, matrix(2), [TOP - 250, TOP], Integers(Packed(8))),
    )  # fmt: skip
    suite.fault(
        "integers-greatest-and-1", "integers-greatest", f"{BLOCK}.lo", svarint(TOP - 249), "E_RANGE",
        "R-521", "an integer of 2^31", at=f"{BLOCK}.flags",
    )  # fmt: skip
    suite.fault("lo-varint", PLAIN, f"{BLOCK}.lo", b"\x83\0", "E_VARINT", "R-013", "lo is not minimal")


def _name(value: int) -> str:
    return f"minus-{-value}" if value < 0 else str(value)


def _low_bits(suite: Suite) -> None:
    for value in (0, 25, 255):
        suite.fault(
            f"low-bits-{value}", "integers-low-bits-24", f"{BLOCK}.low_bits", bytes([value]), "E_LIMIT",
            "R-404", f"{value} low bits",
        )  # fmt: skip
    parent = "integers-low-bits-1"
    for bit in (4, 7):
        low = next(data for name, data in suite.built(parent).fields if name == f"{BLOCK}.low")
        suite.fault(
            f"low-bits-padding-{bit}", parent, f"{BLOCK}.low", bytes([low[0] | 1 << bit]), "E_PADDING",
            "R-014 R-503", f"padding bit {bit} of low bits is 1", at=f"{BLOCK}.flags",
        )  # fmt: skip
    for name, lo in (("above", 128), ("below", -129), ("one-more", -127)):
        # v = lo * 2^24 + low; the parent has TOP, hence 127 * 2^24 and low bits that are all 1.
        suite.fault(
            f"low-bits-{name}", "integers-low-bits-24", f"{BLOCK}.lo", svarint(lo), "E_RANGE", "R-521",
            f"lo {lo} with 24 low bits is out of range", at=f"{BLOCK}.flags",
        )  # fmt: skip
    least = uniform(FLOAT64, matrix(2), [-TOP, 0], Integers(low_bits=24, lo=-128))
    suite.valid("low-bits-minus-top", "-(2^31-1) with low bits", "R-521", least)
    suite.fault(
        "low-bits-minus-2-31", "low-bits-minus-top", f"{BLOCK}.low", bytes(6), "E_RANGE", "R-521",
        "-2^31 by the low bits", at=f"{BLOCK}.flags",
    )  # fmt: skip
    suite.fault(
        "low-bits-lo-greatest", "integers-low-bits-24", f"{BLOCK}.lo", svarint(TOP), "E_RANGE",
        "R-521 R-950", "the greatest lo and 24 low bits", at=f"{BLOCK}.flags",
    )  # fmt: skip


def _escapes(suite: Suite) -> None:
    count = f"{BLOCK}.escape_count"
    for value in (0, 7, 2**63 - 1):
        suite.fault(
            f"escape-count-{value}",
            ESCAPES,
            count,
            varint(value),
            "E_LIMIT",
            "R-405",
            f"{value} escapes of six",
        )
    for value in (2**31, -(2**31), -(2**62)):
        suite.fault(
            f"escape-{_name(value)}", ESCAPES, f"{BLOCK}.escape[1]", svarint(value), "E_LIMIT", "R-406",
            f"escape {value}",
        )  # fmt: skip
    for value in (-4, 250, 100):
        suite.fault(
            f"escape-{_name(value)}", ESCAPES, f"{BLOCK}.escape[0]", svarint(value), "E_ESCAPE", "R-407",
            f"escape {value}, which needs none",
        )  # fmt: skip
    suite.fault(
        "escape-varint", ESCAPES, f"{BLOCK}.escape[1]", b"\x80\x80\x00", "E_VARINT", "R-013",
        "an escape is not minimal",
    )  # fmt: skip
    for name, number, values in (("less", 1, b""), ("more", 3, svarint(500) + svarint(600))):
        changed = {count: varint(number), f"{BLOCK}.escape[1]": values}
        suite.bad(
            f"escapes-{name}", ESCAPES, "E_ESCAPE", f"{BLOCK}.flags", "R-520 R-503",
            f"{name} escapes than tokens that are 255", changed,
        )  # fmt: skip
    suite.fault(
        "escape-greatest", ESCAPES, f"{BLOCK}.escape[0]", svarint(TOP), "E_RANGE", "R-406 R-521 R-950",
        "the greatest escape, and three low bits", at=f"{BLOCK}.flags",
    )  # fmt: skip


def _sparse(suite: Suite) -> None:
    for value in (2**31, -(2**31), -(2**62)):
        suite.fault(
            f"background-{_name(value)}", SPARSE, f"{BLOCK}.background", svarint(value), "E_LIMIT", "R-408",
            f"background {value}",
        )  # fmt: skip
    for value in (0, 21, 2**63 - 1):
        suite.fault(
            f"sparse-count-{value}", SPARSE, f"{BLOCK}.count", varint(value), "E_LIMIT", "R-409",
            f"{value} coded integers of twenty",
        )  # fmt: skip
    suite.valid(
        "sparse-packed-gaps", "gaps of five bits", "R-522",
        uniform(FLOAT64, matrix(20), [0] * 19 + [9], Integers(sparse=Sparse(0, (3, 19), Packed(8)))),
    )  # fmt: skip
    for name, gaps, comment in (
        ("last", b"\3\x10", "a position one after the last"),
        ("first", b"\x14\0", "the first position is after the last"),
        ("far", b"\xff\xff", "positions far after the last"),
    ):
        suite.fault(
            f"sparse-position-{name}", "sparse-packed-gaps", f"{BLOCK}.gaps.bits", gaps, "E_RANGE",
            "R-522 R-503", comment, at=f"{BLOCK}.flags",
        )  # fmt: skip


def _cuts(suite: Suite) -> None:
    for parent, fields in (
        (PLAIN, ("flags", "lo", "tokens.width", "tokens.bits")),
        (ESCAPES, ("low_bits", "escape_count", "escape[0]", "escape[1]", "low")),
        (SPARSE, ("background", "count", "gaps.coder", "gaps.width", "gaps.bits", "tokens.first")),
    ):
        for field in fields:
            own = field.replace("_", "-").replace(".", "-").replace("[", "-").replace("]", "")
            suite.bad(
                f"integers-end-before-{own}", parent, "E_TRUNCATED", f"{BLOCK}.{field}", "R-011",
                f"the section ends before {field}", change=Change(cut=f"{BLOCK}.{field}"),
                features="truncated",
            )  # fmt: skip
    low = next(data for name, data in suite.built(ESCAPES).fields if name == f"{BLOCK}.low")
    suite.bad(
        "integers-end-within-low", ESCAPES, "E_TRUNCATED", f"{BLOCK}.low", "R-011",
        "the section ends within the low bits", change=Change(cut=f"{BLOCK}.low", keep=len(low) - 1),
        features="truncated",
    )  # fmt: skip
    rans = uniform(FLOAT64, matrix(12), LEVELS, Integers(Rans(), lo=-2))
    suite.valid("integers-rans", "rANS symbol data directly after lo", "R-420", rans)
    suite.fault(
        "integers-rans-word", "integers-rans", f"{BLOCK}.tokens.words", b"\x63", "E_TRUNCATED", "R-011",
        "words that are not there", at=f"{BLOCK}.tokens.word",
    )  # fmt: skip

"""Faults that only show at size: many lanes, tensors or elements at once, or stretches of them."""

from __future__ import annotations

from conformance.generator.cases import long_blocks
from conformance.generator.coders import Contexts, Huffman, Packed, Rans, huffman_lane
from conformance.generator.fields import noise, varint
from conformance.generator.files import OPEN, File, Output, repeat
from conformance.generator.integers import Integers
from conformance.generator.records import (
    FLOAT16,
    FLOAT32,
    OPAQUE1,
    OPAQUE2,
    Codes,
    Record,
    Transform,
    planes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.tables import spread
from conformance.generator.trellis import Trellis
from conformance.generator.views import matrix

PLANE = "TENSOR[0].plane[0]"
LANES = 130


def add(suite: Suite) -> None:
    """Add files that are large inside, and faults in them."""
    _many_lanes(suite)
    _many_streams(suite)
    _many_sections(suite)
    long_blocks.add(suite)
    _infinite_tokens(suite)
    _class_lists(suite)
    _splices(suite)
    _transform(suite)


def _many_lanes(suite: Suite) -> None:
    """Four tokens 0 1 1 0 with the codes 0 and 10 in each of 130 lanes: 010100 and two bits of padding."""
    tokens = bytes([0] * LANES + [1] * 2 * LANES + [0] * LANES)
    record = planes(OPAQUE1, matrix(4 * LANES), tokens, [Huffman(LANES, {0: 1, 1: 2, 2: 2})])
    parent = "huffman-130-lanes"
    suite.valid(parent, "130 lanes, all alike", "R-431 R-510", record)
    valid_lane = huffman_lane(["010100"])
    for place in (0, 77, LANES - 1):
        for name, lane, comment in (
            ("padding", bytes([valid_lane[0] | 2]), "a padding bit is 1"),
            ("long", valid_lane + b"\0", "a whole byte is left"),
            ("short", b"", "there are no bits"),
        ):
            lanes = [lane if number == place else valid_lane for number in range(LANES)]
            suite.bad(
                f"{parent}-{name}-{place}", parent, "E_ENTROPY", f"{PLANE}.first", "R-510",
                f"in lane {place} of 130 {comment}",
                {f"{PLANE}.data": b"".join(lanes), f"{PLANE}.lane_length[{place}]": varint(len(lane))},
            )  # fmt: skip
    deep = {i: min(i + 1, 15) for i in range(16)}
    uneven = bytes(b & 15 for b in noise("deep lanes", 5 * LANES + 17))
    suite.valid(
        f"{parent}-deep", "130 lanes, some of them with a token more, code lengths 1 to 15", "R-431 R-510",
        planes(OPAQUE1, matrix(len(uneven)), uneven, [Huffman(LANES, deep)]),
    )  # fmt: skip
    suite.valid(
        f"{parent}-of-a-bit", "130 lanes of one bit and seven of padding", "R-431 R-510",
        planes(OPAQUE1, matrix(LANES), b"\7" * LANES, [Huffman(LANES)]),
    )  # fmt: skip
    suite.fault(
        f"{parent}-of-a-bit-padding", f"{parent}-of-a-bit", f"{PLANE}.data", b"\x40" + bytes(LANES - 1),
        "E_ENTROPY", "R-510", "the first of seven padding bits is 1", at=f"{PLANE}.first",
    )  # fmt: skip
    suite.valid(
        f"{parent}-of-a-byte", "130 lanes of eight bits, without padding", "R-431 R-510",
        planes(OPAQUE1, matrix(8 * LANES), bytes(4 * LANES) + b"\1" * 4 * LANES, [Huffman(LANES)]),
    )  # fmt: skip
    suite.bad(
        f"{parent}-of-a-byte-long", f"{parent}-of-a-byte", "E_ENTROPY", f"{PLANE}.first", "R-510",
        "eight bits are left in lane 77 of 130",
        {f"{PLANE}.data": b"\x0f" * 78 + b"\0" + b"\x0f" * 52, f"{PLANE}.lane_length[77]": varint(2)},
    )  # fmt: skip
    single = planes(OPAQUE1, matrix(4 * LANES), b"\7" * 4 * LANES, [Huffman(LANES)])
    parent = "huffman-130-lanes-single"
    suite.valid(parent, "130 lanes of one token", "R-434 R-510", single)
    for place in (0, LANES - 1):
        data = bytes(0x10 if number == place else 0 for number in range(LANES))
        suite.bad(
            f"{parent}-no-code-{place}", parent, "E_ENTROPY", f"{PLANE}.first", "R-510",
            f"bits that begin no code, in lane {place} of 130", {f"{PLANE}.data": data},
        )  # fmt: skip


def _many_streams(suite: Suite) -> None:
    """Pieces of rANS that a decoder may decode together."""
    long = planes(OPAQUE1, matrix(8192), bytes(8192), [Rans()])
    wide = planes(OPAQUE1, matrix(400), bytes(b & 3 for b in noise("wide", 400)), [Rans(200)])
    suite.valid("rans-long-and-wide", "one lane of 8192 tokens, 200 lanes of two", "R-445 R-511", long, wide)
    short = planes(OPAQUE1, matrix(5), b"\1\2\3\2\1", [Rans(2)])
    levels = [(b & 7) - 3 for b in noise("trellis and plain", 40)]
    mixed: list[Record] = []
    for machine in (1, 2, 3):
        trellis = Trellis(machine, 4)
        mixed += [uniform(FLOAT32, matrix(2, 20), levels, Integers(Rans(3)), trellis=trellis), short]
    suite.valid("rans-trellis-and-plain", "tensors with a trellis and without one", "R-511 R-540", *mixed)
    _great_trellis(suite)
    tables = [spread(v, 2) for v in range(64)]
    rows = [64 * [v] for v in range(64)]
    many = planes(
        OPAQUE2, matrix(64, 64), bytes(v + (i & 1) for row in rows for i, v in enumerate(2 * row)),
        [Rans(2, tables, contexts=Contexts(64, list(range(64))))],
    )  # fmt: skip
    suite.valid("rans-1152-tables", "nine tensors with 128 tables each", "R-443 R-511", *[many] * 9)


def _great_trellis(suite: Suite) -> None:
    """Levels on the fine grid of a trellis, twice as great, and a level that is too great."""
    top = 2**31 - 1
    levels = [top - 1, top, top - 1, top, top, top - 1]
    how, trellis = Integers(Rans(), lo=top - 1), Trellis(1, 6)
    for name, codes in (("plain", None), ("codes", Codes((0, 1, 7)))):
        parent = f"trellis-greatest-{name}"
        suite.valid(
            parent, "levels of 2^31 - 1 under a trellis", "R-521 R-540",
            uniform(FLOAT32, matrix(2, 3), levels, how, trellis=trellis, column_codes=codes),
        )  # fmt: skip
        wrong = uniform(
            FLOAT32, matrix(2, 3), [*levels[:5], top + 1], how, trellis=trellis, column_codes=codes
        )
        suite.bad(
            f"{parent}-and-1", parent, "E_RANGE", "TENSOR[0].levels.flags", "R-521",
            "a level of 2^31 under a trellis", file=File([wrong]),
        )  # fmt: skip


def _many_sections(suite: Suite) -> None:
    records = [planes(OPAQUE1, matrix(1), bytes([n % 251]), [Packed(8)]) for n in range(300)]
    parent = "tensors-300"
    suite.valid(parent, "300 TENSOR sections", "R-105 R-500", *records)
    for place in (0, 255, 256, 299):
        suite.bad(
            f"{parent}-width-{place}", parent, "E_RESERVED", f"TENSOR[{place}].plane[0].width",
            "R-425 R-503", f"a wrong field in TENSOR section {place} of 300",
            {f"TENSOR[{place}].plane[0].width": b"\0"},
        )  # fmt: skip


def _infinite_tokens(suite: Suite) -> None:
    """Tokens that would give an infinite element: rejected where one occurs, and only there."""
    levels = [0, -3, 7, 60, -60, 5]
    rans = Integers(Rans(tables=[spread(0, 256)] * 2), lo=-60)
    for name, how, trellis in (
        ("tokens", Integers(Packed(8), lo=-60), None),
        ("escapes", Integers(Packed(8), lo=-100, escape=True), None),
        ("trellis", rans, Trellis(2, 4)),
    ):
        good = levels if name != "escapes" else [*levels[:4], -101, 5]
        parent = f"infinite-{name}-unused"
        suite.valid(
            parent, "tokens that do not occur would give infinite elements", "R-542",
            uniform(FLOAT16, matrix(2, 3), good, how, step=300.0, trellis=trellis),
        )  # fmt: skip
        worst = [*good[:4], -305 if name == "escapes" else 191 if trellis else 195, 5]
        wrong = uniform(FLOAT16, matrix(2, 3), worst, how, step=1000.0 if trellis else 400.0, trellis=trellis)
        suite.bad(
            f"infinite-{name}", parent, "E_RANGE", "TENSOR[0].levels.flags", "R-542",
            "one element is infinite", file=File([wrong]),
        )  # fmt: skip


def _class_lists(suite: Suite) -> None:
    """Faults in the symbol data of a class list, which are those of any symbol data."""
    contexts = Contexts(2, [0, 1, 1], [1, 0], None, Packed(3))
    tokens = bytes(b & 1 for b in noise("class lists", 6))
    parent = "contexts-packed"
    suite.valid(
        parent, "class lists in three bits each", "R-450 R-451",
        planes(OPAQUE1, matrix(3, 2), tokens, [Rans(contexts=contexts)]),
    )  # fmt: skip
    for name, bits in (("row", "row_classes.bits"), ("channel", "channel_classes.bits")):
        field = f"{PLANE}.{bits}"
        data = next(data for own, data in suite.built(parent).fields if own == field)
        suite.bad(
            f"contexts-{name}-classes-padding", parent, "E_PADDING", f"{PLANE}.{name}_classes.width",
            "R-014 R-503", f"the padding of {name} classes is not zero",
            {field: bytes([*data[:-1], data[-1] | 0x80])},
        )  # fmt: skip


def _splices(suite: Suite) -> None:
    two = [planes(OPAQUE1, matrix(3), data, [Packed(8)]) for data in (b"abc", b"def")]
    model = Output(None, (b"<w", OPEN, OPEN, b">"))
    again = Output("w", (repeat(2), b"-", repeat(2), repeat(4)))
    suite.valid(
        "repeated-from-earlier-file", "repetitions of pieces of the file before", "R-210 R-215",
        file=File(two, (model, again)),
    )  # fmt: skip
    parent = "repeated-from-earlier-file"
    for name, items, comment in (
        ("last", (b"<w", OPEN, b">"), "the last TENSOR section is not opened"),
        ("any", (b"<w>",), "no TENSOR section is opened"),
    ):
        suite.bad(
            f"not-opened-{name}", parent, "E_SPLICE", "GRAPH", "R-211 R-207", comment,
            file=File(two, (Output(None, items), Output("w", (b"-",)))),
        )  # fmt: skip


def _transform(suite: Suite) -> None:
    for t in (1, 3, 6):
        levels = [(b & 15) - 8 for b in noise(f"mix {t}", 3 << t)]
        suite.valid(
            f"transform-mix-{t}-of-1x1", f"{1 << t} planes of one element", "R-345 R-550",
            uniform(FLOAT32, matrix(1, 3, 1 << t), levels, step=0.25, transform=Transform(1, 1, t)),
        )  # fmt: skip

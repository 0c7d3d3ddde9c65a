"""Updates: base files and ranges of them (SPEC.md, clauses 6.1, 6.2 and 6.9)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from conformance.generator.build import build
from conformance.generator.fields import noise, svarint, varint
from conformance.generator.files import OPEN, Change, File, Output, Range, next_part, repeat
from conformance.generator.records import OPAQUE1, planes
from conformance.generator.suite import Suite
from conformance.generator.views import matrix, ragged

GRAPH = "GRAPH"
PARENT = "update-ranges"
OLD = noise("base", 100)
MORE = noise("more of the base", 60)


def add(suite: Suite) -> None:
    """Add good and bad updates that are ranges of a base, and bytes of their own."""
    _good(suite)
    _bases(suite)
    _ranges(suite)
    _expansion(suite)


def _good(suite: Suite) -> None:
    rows = planes(OPAQUE1, ragged([2, 3]), b"ABCDE")
    byte = planes(OPAQUE1, matrix(1), b"!")
    all_of_it = File((), [Output(None, (Range(0, 100),))], bases=[OLD])
    suite.valid("update-same", "nothing but the base", "R-208 R-209 R-216", file=all_of_it)
    for name, comment, rules, records, outputs, bases in (
        (
            PARENT,
            "ranges forwards and backwards, bytes and parts between them",
            "R-210",
            [rows, byte],
            [
                Output(
                    None,
                    (
                        b"a",
                        Range(10, 5),
                        OPEN,
                        Range(90, 10),
                        b"b",
                        Range(0, 1),
                        next_part(),
                        OPEN,
                        Range(15, 3),
                    ),
                )
            ],
            [OLD],
        ),
        (
            "update-two-bases",
            "ranges of two files up to their ends, and two output files",
            "R-210 R-208",
            [byte],
            [
                Output(None, (b"name", Range(95, 5), Range(100, 60))),
                Output("name", (Range(40, 60), OPEN, Range(100, 1))),
            ],
            [OLD, MORE],
        ),
        (
            "update-repeats",
            "repeated ranges, and parts counted over them",
            "R-210",
            [rows],
            [Output(None, (Range(3, 4), repeat(1), OPEN, repeat(2), repeat(2), next_part(), repeat(5)))],
            [OLD],
        ),
        ("update-not-used", "a base of which nothing is used", "R-208", [byte], None, [OLD]),
        (
            "update-empty-base",
            "a base file of no bytes beside another",
            "R-209",
            [],
            [Output(None, (Range(0, 60),))],
            [b"", MORE],
        ),
        (
            "update-same-base-twice",
            "a base file that is listed twice",
            "R-216",
            [],
            [Output(None, (Range(0, 60), Range(60, 60)))],
            [MORE, MORE],
        ),
    ):
        suite.valid(name, comment, rules, file=File(records, outputs, bases=bases))
    many = [bytes([i, 2 * i % 256]) for i in range(40)]
    file = File((), [Output(None, tuple(Range(2 * i, 2) for i in range(0, 40, 3)))], bases=many)
    suite.valid("update-40-bases", "40 base files", "R-208", file=file)


def _bases(suite: Suite) -> None:
    suite.fault(
        "update-base-count-2048", PARENT, "GRAPH.base_count", varint(2048), "E_TRUNCATED",
        "R-208 R-011 R-207",
        "as many base files as there can be, and fewer bytes than they need", at=GRAPH, bounded=True,
    )  # fmt: skip
    for field, value, rule in (
        ("base_count", 2049, "R-208"),
        ("base_count", 2**63 - 1, "R-208"),
        ("base[0].size", 2**48, "R-209"),
        ("base[0].size", 2**63 - 1, "R-209"),
    ):
        own = field.replace("[0].", "-").replace("_", "-")
        suite.fault(
            f"update-{own}-{value}",
            PARENT,
            f"GRAPH.{field}",
            varint(value),
            "E_LIMIT",
            f"{rule} R-207",
            f"{field} {value}",
            at=GRAPH,
            bounded=True,
        )
    other = bytes([OLD[0] ^ 1]) + OLD[1:]
    for name, comment, given, fields in (
        ("hash", "a base of another SHA-256", [other], {}),
        ("size", "a base with a byte more", [OLD + b"x"], {}),
        ("shorter", "a base with a byte less", [OLD[:-1]], {}),
        (
            "named",
            "another SHA-256 is named",
            [OLD],
            {"GRAPH.base[0].sha256": hashlib.sha256(other).digest()},
        ),
        ("size-named", "another size is named", [OLD], {"GRAPH.base[0].size": varint(101)}),
    ):
        # What is given is wrong, not the file: another graph byte makes it another than its parent.
        changed = fields or {"GRAPH.graph": b"cb"}
        suite.bad(f"update-base-{name}", PARENT, "E_BASE", GRAPH, "R-216", comment, changed, bases=given)
    suite.bad(
        "update-base-one-of-two",
        "update-two-bases",
        "E_BASE",
        GRAPH,
        "R-216",
        "one base file of two is given",
        {"GRAPH.base[1].sha256": hashlib.sha256(other).digest()},
        bases=[OLD],
    )


def _ranges(suite: Suite) -> None:
    for name, comment, fields in (
        ("range-of-nothing", "a range of no bytes", {"GRAPH.splice[0].length": varint(0)}),
        ("range-before", "a range that begins before the base", {"GRAPH.splice[0].offset": svarint(-1)}),
        ("range-past", "a range that ends a byte after the base", {"GRAPH.splice[2].length": varint(11)}),
        ("range-after", "a range that begins after the base", {"GRAPH.splice[2].offset": svarint(85)}),
        (
            "range-back",
            "a range that begins before the base, after others",
            {"GRAPH.splice[3].offset": svarint(-101)},
        ),
        ("range-far", "a range of 2^63-1 bytes", {"GRAPH.splice[0].length": varint(2**63 - 1)}),
        ("range-farthest", "a range 2^62-1 bytes away", {"GRAPH.splice[0].offset": svarint(2**62 - 1)}),
        ("range-farthest-back", "a range 2^62 bytes before", {"GRAPH.splice[0].offset": svarint(-(2**62))}),
    ):
        suite.bad(f"update-{name}", PARENT, "E_SPLICE", GRAPH, "R-210 R-207", comment, fields)
    two = "update-two-bases"
    suite.bad(
        "update-range-over-end",
        two,
        "E_SPLICE",
        GRAPH,
        "R-210",
        "a range that goes on in the next base file",
        {"GRAPH.splice[0].length": varint(6)},
    )
    items = suite.file(PARENT).output_files[0].items
    for code, name in ((2 * 2, "part-of-none"), (2 * 1 + 1, "repeat-of-none")):
        suite.bad(
            f"update-{name}",
            PARENT,
            "E_SPLICE",
            GRAPH,
            "R-210",
            f"first piece {code} refers to none",
            file=replace(suite.file(PARENT), outputs=[Output(None, (b"a", code - 1, *items[2:]))]),
        )
    suite.bad(
        "update-no-base",
        PARENT,
        "E_SPLICE",
        GRAPH,
        "R-210 R-211",
        "without base, 1 is the next part of a section, and none is open",
        file=File(suite.file(PARENT).records, [Output(None, (b"a", 1, OPEN, next_part(), OPEN))]),
    )
    suite.bad(
        "update-range-over-files",
        "update-two-bases",
        "E_SPLICE",
        GRAPH,
        "R-214",
        "a range that goes over the end of an output file",
        {"GRAPH.file[0].size": varint(68), "GRAPH.file[1].size": varint(63)},
    )
    for cut in ("offset", "length"):
        suite.bad(
            f"update-cut-{cut}",
            PARENT,
            "E_TRUNCATED",
            GRAPH,
            "R-011 R-207",
            f"GRAPH ends before {cut} of a range",
            change=Change(cut=f"GRAPH.splice[0].{cut}"),
        )
    for cut in ("base[0].size", "base[0].sha256"):
        suite.bad(
            f"update-cut-{cut.replace('[0].', '-').replace('_', '-')}",
            PARENT,
            "E_TRUNCATED",
            GRAPH,
            "R-011 R-207",
            f"GRAPH ends before {cut}",
            change=Change(cut=f"GRAPH.{cut}"),
        )


def _expansion(suite: Suite) -> None:
    """Add output of all that 65,536 bytes for each byte of the file and the base allow, and a byte more."""
    file, before = suite.file(PARENT), suite.built(PARENT)
    for more, error, rules in ((0, "E_SPLICE", "R-206 R-215"), (1, "E_EXPANSION", "R-206")):
        size = len(before.data)
        while True:
            fields = {"GRAPH.file[0].size": varint(65536 * size + len(OLD) + more)}
            if len(build(file, Change(fields), [bytes(32)]).data) == size:
                break
            size += 1
        suite.bad(
            f"update-expansion-{more}",
            PARENT,
            error,
            GRAPH,
            rules,
            "as much output as file and base allow" + ", and a byte" * more,
            fields,
            bounded=True,
        )

"""Directories and the layout of sections (SPEC.md, clauses 5.2 to 5.4)."""

from __future__ import annotations

from dataclasses import replace

from conformance.generator.coders import Packed
from conformance.generator.fields import u32, varint
from conformance.generator.files import NOTES, Change, File, Output
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import OPAQUE8, codebook
from conformance.generator.suite import Suite
from conformance.generator.views import matrix

PARENT = "external"
"""Sections GRAPH, TENSOR, TENSOR, NOTES, private."""
SHARED = "shared-tables"
"""Sections GRAPH, TABLES, TENSOR."""


def add(suite: Suite) -> None:
    """Add good and bad directories."""
    _types(suite)
    _numbers(suite)
    _ends(suite)
    _layout(suite)
    _expansion(suite)
    _ignorable(suite)


def _types(suite: Suite) -> None:
    for kind in (0, 0x80):
        for entry in (0, 1, 3):
            suite.fault(
                f"section-type-{kind}-entry-{entry}", PARENT, f"directory[{entry}].type", bytes([kind]),
                "E_RESERVED", "R-153", f"entry {entry} has type {kind}, which is never assigned",
            )  # fmt: skip
    for kind in (2, 5, 6, 0x7F):
        for entry in (0, 2):
            suite.fault(
                f"section-type-{kind}-entry-{entry}", PARENT, f"directory[{entry}].type", bytes([kind]),
                "E_UNSUPPORTED", "R-154 R-800", f"entry {entry} has the unknown critical type {kind}",
            )  # fmt: skip
    for name, parent, entry, kind, comment in (
        ("first-is-tensor", PARENT, 0, 4, "the first section is no GRAPH"),
        ("first-is-notes", PARENT, 0, NOTES, "the first section is ignorable"),
        ("second-graph", PARENT, 1, 1, "a second GRAPH"),
        ("graph-last", PARENT, 4, 1, "GRAPH after an ignorable section"),
        ("tables-after-tensor", PARENT, 2, 3, "TABLES after a TENSOR section"),
        ("tables-twice", SHARED, 2, 3, "two TABLES sections"),
        ("tensor-after-notes", PARENT, 4, 4, "a TENSOR section after NOTES"),
    ):
        place = f"directory[{entry}].type"
        suite.fault(f"order-{name}", parent, place, bytes([kind]), "E_ORDER", "R-155", comment)
    suite.bad(
        "order-ignorable-descending", PARENT, "E_ORDER", "directory[4].type", "R-155",
        "ignorable sections are not in ascending order",
        {"directory[3].type": b"\xf1", "directory[4].type": b"\xf0"},
    )  # fmt: skip
    suite.valid(
        "ignorable-equal-types", "ignorable sections of the same type, also two NOTES and the last type",
        "R-155 R-270",
        file=replace(
            suite.file("graph-only"),
            others=[(NOTES, b""), (NOTES, b""), (0x90, b"x"), (0x90, b""), (0xFF, b"y"), (0xFF, b"z")],
        ),
    )  # fmt: skip


def _numbers(suite: Suite) -> None:
    length, output = "directory[3].length", "directory[3].output"
    for value in (2**40, 2**63 - 1):
        comment = f"section length {value}"
        suite.fault(f"section-length-{value}", PARENT, length, varint(value), "E_LIMIT", "R-156", comment)
    suite.fault(
        "section-length-greatest", PARENT, length, varint(2**40 - 1), "E_TRUNCATED", "R-156 R-161",
        "section length 2^40-1 is allowed, but the file ends before", at="IGNORABLE[0]", bounded=True,
    )  # fmt: skip
    for entry in (0, 1):
        place = f"directory[{entry}].output"
        for value, error, rule in (
            (2**31 + 1, "E_LIMIT", "R-157"),
            (2**63 - 1, "E_LIMIT", "R-157"),
            (2**31, "E_EXPANSION", "R-157 R-159"),
            (0, "E_SIZE", "R-158"),
        ):
            suite.fault(
                f"section-output-{value}-entry-{entry}", PARENT, place, varint(value), error, rule,
                f"output {value} of {('GRAPH', 'TENSOR')[entry]}",
            )  # fmt: skip
    for parent, entry, name in ((SHARED, 1, "tables"), (PARENT, 3, "notes"), (PARENT, 4, "private")):
        suite.fault(
            f"section-output-of-{name}", parent, f"directory[{entry}].output", varint(1), "E_SIZE", "R-158",
            "output of a section that has none",
        )  # fmt: skip
    suite.fault(
        "section-output-of-notes-over-limit", PARENT, output, varint(2**31 + 1), "E_LIMIT", "R-157",
        "output of a section that has none, and above the limit: range first", features="precedence",
    )  # fmt: skip
    for name, entry, data in (
        ("length", 1, b"\x80\x00"),
        ("length", 1, b"\x81\x80\x00"),
        ("length", 1, b"\xff" * 9 + b"\x01"),
        ("length", 1, b"\x80" * 9),
        ("output", 2, b"\x98\x00"),
        ("output", 2, b"\xff" * 8 + b"\x80\x01"),
    ):
        suite.fault(
            f"directory-varint-{name}-{data.hex()}", PARENT, f"directory[{entry}].{name}", data, "E_VARINT",
            "R-013", f"{name} is a varint of too many bytes",
        )  # fmt: skip


def _ends(suite: Suite) -> None:
    """Entries that do not fill the directory exactly."""
    for field in ("type", "length", "output", "digest"):
        suite.bad(
            f"directory-ends-before-{field}", PARENT, "E_DIRECTORY", f"directory[4].{field}", "R-150 R-011",
            f"the directory ends before {field} of its last entry",
            change=Change(cut=f"directory[4].{field}"), features="truncated",
        )  # fmt: skip
    suite.bad(
        "directory-ends-within-digest", PARENT, "E_DIRECTORY", "directory[4].digest", "R-150",
        "the directory ends within the digest of its last entry",
        change=Change(cut="directory[4].digest", keep=15), features="truncated",
    )  # fmt: skip
    suite.bad(
        "directory-ends-within-varint", SHARED, "E_DIRECTORY", "directory[2].length", "R-150 R-011",
        "the directory ends within a varint",
        change=Change({"directory[2].length": b"\x80\x01"}, cut="directory[2].length", keep=1),
        features="truncated",
    )  # fmt: skip
    suite.bad(
        "directory-trailing", PARENT, "E_DIRECTORY", "directory.trailing", "R-150",
        "a byte after the last entry", {"directory.trailing": b"\0"},
    )  # fmt: skip
    suite.bad(
        "directory-one-entry-more", PARENT, "E_DIRECTORY", "directory_crc", "R-150",
        "section_count is one too many", {"header.section_count": u32(6)},
    )  # fmt: skip
    suite.bad(
        "directory-one-entry-less", PARENT, "E_DIRECTORY", "directory[4].type", "R-150",
        "section_count is one too few", {"header.section_count": u32(4)},
    )  # fmt: skip
    for bit in (0, 31):
        crc = next(data for name, data in suite.built(PARENT).fields if name == "directory_crc")
        suite.bad(
            f"directory-crc-bit-{bit}", PARENT, "E_CRC", "directory_crc", "R-151",
            f"bit {bit} of directory_crc is wrong",
            {"directory_crc": u32(int.from_bytes(crc, "little") ^ 1 << bit)},
        )  # fmt: skip
    suite.bad(
        "directory-damaged", PARENT, "E_CRC", "directory_crc", "R-151 R-152",
        "a type is damaged, which directory_crc shows before any entry is looked at",
        {"directory[1].type": b"\0", "directory_crc": crc},
    )  # fmt: skip
    suite.bad(
        "ends-within-directory", PARENT, "E_TRUNCATED", 28, "R-011 R-152",
        "the file ends within the directory, which is one field",
        change=Change(truncate="directory[4].digest"), features="truncated",
    )  # fmt: skip
    suite.bad(
        "ends-within-directory-crc", PARENT, "E_TRUNCATED", "directory_crc", "R-011 R-152",
        "the file ends within directory_crc", change=Change(truncate="directory_crc", keep=3),
        features="truncated",
    )  # fmt: skip


def _layout(suite: Suite) -> None:
    for name, place, keep, at in (
        ("graph", "GRAPH.graph", 0, "GRAPH"),
        ("tensor", "TENSOR[1].levels.tokens.word", 0, "TENSOR[1]"),
        ("notes", "IGNORABLE[0].content", 8, "IGNORABLE[0]"),
        ("last", "IGNORABLE[1].content", 6, "IGNORABLE[1]"),
    ):
        suite.bad(
            f"ends-within-{name}", PARENT, "E_TRUNCATED", at, "R-161", f"the file ends within section {name}",
            change=Change(truncate=place, keep=keep), features="truncated",
        )  # fmt: skip
    suite.bad(
        "ends-after-directory", PARENT, "E_TRUNCATED", "GRAPH", "R-161",
        "the file ends after directory_crc",
        change=Change(truncate="GRAPH.magic"), features="truncated",
    )  # fmt: skip
    suite.bad(
        "trailing-byte", PARENT, "E_TRAILING", "trailing", "R-162", "a byte after the last section",
        {"trailing": b"\0"},
    )  # fmt: skip
    suite.bad(
        "trailing-file", PARENT, "E_TRAILING", "trailing", "R-162", "a second file after the last section",
        {"trailing": suite.built(PARENT).data},
    )  # fmt: skip
    for name, section, entry in (
        ("graph", "GRAPH", 0), ("tensor", "TENSOR[0]", 1), ("second-tensor", "TENSOR[1]", 2),
        ("notes", "IGNORABLE[0]", 3), ("private", "IGNORABLE[1]", 4),
    ):  # fmt: skip
        digest = dict(suite.built(PARENT).fields)[f"directory[{entry}].digest"]
        suite.bad(
            f"digest-of-{name}", PARENT, "E_DIGEST", section, "R-160 R-163 R-271"[: 11 + 6 * (entry > 2)],
            f"the digest of section {name} is wrong",
            {f"directory[{entry}].digest": bytes([digest[0] ^ 1]) + digest[1:]},
        )  # fmt: skip
    digest = dict(suite.built(SHARED).fields)["directory[1].digest"]
    suite.bad(
        "digest-of-tables", SHARED, "E_DIGEST", "TABLES", "R-160 R-163",
        "the last bit of the digest of TABLES is wrong",
        {"directory[1].digest": digest[:15] + bytes([digest[15] ^ 0x80])},
    )  # fmt: skip


def _expansion(suite: Suite) -> None:
    """Add outputs that are as large as the stored length allows, and one byte larger."""
    few = Integers(Packed(), lo=0, sparse=Sparse(0, (7,)))
    # A record has as many bytes for any number of rows about this one.
    stored = len(codebook(OPAQUE8, matrix(2**18), [0], [0] * 2**18, few).fields.data)
    count = 8192 * (stored + 1)
    greatest = codebook(OPAQUE8, matrix(count), [0], [0] * count, few)
    suite.valid(
        "expansion-greatest", "zeros in a sparse integer block with one entry, as many as are allowed",
        "R-159 R-206", greatest, bounded=True,
    )  # fmt: skip
    suite.fault(
        "expansion-one-more", "expansion-greatest", "directory[1].output", varint(8 * count + 1),
        "E_EXPANSION",
        "R-159", "output is one byte more than 65536 * length + 65536",
    )  # fmt: skip
    size = len(suite.built("graph-only").data) - 51
    suite.fault(
        "expansion-graph", "graph-only", "directory[0].output", varint(65536 * size + 65537), "E_EXPANSION",
        "R-159", "output of GRAPH is one byte more than 65536 * length + 65536",
    )  # fmt: skip
    suite.fault(
        "expansion-graph-greatest", "graph-only", "directory[0].output", varint(65536 * size + 65536),
        "E_ZSTD", "R-159 R-200", "output of GRAPH is 65536 * length + 65536, but not what is in it",
        at="GRAPH", bounded=True,
    )  # fmt: skip


def _ignorable(suite: Suite) -> None:
    parent = suite.file("uniform-packed")
    for name, content in (
        ("version-255", b"\xffanything"),
        ("empty", b""),
        ("cut", b"\0\x05\x02"),
        ("varint", b"\0\x80\x00"),
        ("trailing", b"\0\1\0\0\0\0more"),
        ("utf-8", b"\0\1\1\0\0\2\xff\xfe"),
        ("count", b"\0\7" + bytes(14) + b"\0\0"),
        ("long-name", b"\0\1\0\0\0\xff\xff\xff\xff\x0fx"),
        ("negative", b"\0\1\0\x80\0\6nntc 1"),
        ("measure", b"\0\1\0\x3c\4\0\x10\0\0\x80\x3f\6nntc 1"),
        ("measured-on", b"\0\1\0\x3c\1\3\x10\0\0\x80\x3f\6nntc 1"),
        ("cut-divergence", b"\0\1\0\x3c\1\0\x10\0\0\x80"),
    ):
        comment = f"NOTES that do not fit the table ({name}): treated as absent"
        file = replace(parent, others=[(NOTES, content)])
        suite.valid(f"notes-{name}", comment, "R-270 R-272", file=file)
    file = replace(parent, others=[(NOTES, b"\0\1\1\0\0\6nntc 1")])
    suite.valid("notes", "NOTES with the error of the only part", "R-270 R-272", file=file)
    file = replace(parent, others=[(NOTES, b"\0\1\0\x7e\2\1\x10\0\0\x80\x3f\6nntc 1")])
    comment = "NOTES with an unknown error and the divergence of outputs on 16 held-out samples"
    suite.valid("notes-outputs", comment, "R-270 R-272", file=file)
    many = File(outputs=[Output(None, (b"x",))], others=[(0x90, b"")] * 300)
    suite.valid("sections-301", "three hundred empty ignorable sections", "R-105 R-150", file=many)

"""Tool, element type and view of a record (SPEC.md, clauses 7.1 and 7.2), and the parts of ragged ones."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from conformance.generator.cases.basics import BYTES, LEVELS
from conformance.generator.coders import Packed
from conformance.generator.fields import varint
from conformance.generator.files import OPEN, Change, File, Output, next_part
from conformance.generator.frames import RAW, Block, Frame, repeated
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import FLOAT32, OPAQUE1, OPAQUE8, Record, codebook, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.views import View, matrix, ragged

GREATEST = 2**31 - 1
PARENT = "planes-packed"
RAGGED = "ragged"
HEAD = "TENSOR[0].tool_and_type"
KIND = "TENSOR[0].view_kind"
DIMENSIONS = ("rows", "channels", "period")


def add(suite: Suite) -> None:
    """Add good and bad heads of records."""
    _types(suite)
    _views(suite)
    _numbers(suite)
    _ragged(suite)
    _ragged_total(suite)


def _types(suite: Suite) -> None:
    for tool in (4, 5, 15):
        suite.fault(
            f"tool-{tool}", PARENT, HEAD, bytes([tool << 4]), "E_UNSUPPORTED", "R-300 R-800", f"tool {tool}"
        )
    for kind in (7, 12, 13, 14, 15):
        suite.fault(
            f"element-type-{kind}", PARENT, HEAD, bytes([kind]), "E_RESERVED", "R-301 R-800",
            f"element type {kind}",
        )  # fmt: skip
    suite.fault(
        "tool-and-type-unknown", PARENT, HEAD, b"\xff", "E_UNSUPPORTED", "R-300 R-010",
        "tool and element type are unknown: the tool first", features="precedence",
    )  # fmt: skip
    suite.fault(
        "codebook-opaque16", "codebook-packed", HEAD, b"\x14", "E_TYPE", "R-302", "codebook of opaque16"
    )
    for kind in range(5):
        suite.fault(
            f"uniform-opaque-{kind}", "uniform-packed", HEAD, bytes([0x20 | kind]), "E_TYPE", "R-302",
            f"uniform of element type {kind}",
        )  # fmt: skip
    for kind in (5, 6):
        for tool, name in ((0, "planes"), (1, "codebook"), (3, "difference")):
            suite.fault(
                f"{name}-integers-{kind}", PARENT, HEAD, bytes([tool << 4 | kind]), "E_TYPE", "R-302",
                f"{name} of element type {kind}",
            )  # fmt: skip
    for kind in (3, 4, 0x80, 0xFF):
        suite.fault(
            f"view-kind-{kind}", PARENT, KIND, bytes([kind]), "E_RESERVED", "R-303 R-800", f"view kind {kind}"
        )


def _views(suite: Suite) -> None:
    for name, view in (
        ("row", matrix(1, 12)),
        ("column", matrix(12)),
        ("channels", matrix(2, 6)),
        ("period", matrix(2, 1, 6)),
        ("all", matrix(2, 3, 2)),
        ("transposed-row", matrix(1, 12, transposed=True)),
        ("transposed-column", matrix(12, transposed=True)),
        ("transposed-channels", matrix(2, 6, transposed=True)),
        ("transposed-period", matrix(3, 1, 4, transposed=True)),
        ("transposed-all", matrix(2, 3, 2, transposed=True)),
        ("ragged-row", ragged([12])),
        ("ragged-ones", ragged([1] * 12)),
        ("ragged-uneven", ragged([1, 7, 1, 3])),
    ):
        both = (planes(OPAQUE1, view, BYTES), uniform(FLOAT32, view, LEVELS))
        suite.valid(f"view-{name}", "twelve elements under a view", "R-310 R-311 R-312 R-316", *both)
    for name, view in (
        ("one", matrix(1)),
        ("one-transposed", matrix(1, transposed=True)),
        ("one-ragged", ragged([1])),
    ):
        records = (
            planes(OPAQUE1, view, b"\xa5"), codebook(FLOAT32, view, [1], [0]), uniform(FLOAT32, view, [-3])
        )  # fmt: skip
        suite.valid(f"view-{name}", "one element by each tool", "R-310 R-311 R-312", *records)


def _numbers(suite: Suite) -> None:
    for name, rule in (("rows", "R-310"), ("channels", "R-311"), ("period", "R-312")):
        place = f"TENSOR[0].{name}"
        for value in (0, 2**31, 2**63 - 1):
            comment = f"{name} {value}"
            suite.fault(f"view-{name}-{value}", PARENT, place, varint(value), "E_LIMIT", rule, comment)
        suite.bad(
            f"view-{name}-greatest", PARENT, "E_SIZE", KIND, f"{rule} R-316", f"{name} {GREATEST} is allowed",
            {f"TENSOR[0].{own}": varint(GREATEST if own == name else 1) for own in DIMENSIONS},
            bounded=True,
        )  # fmt: skip
    for name, rows, channels, period in (
        ("2-31", 2**16, 2**15, 1),
        ("2-31-in-three", 2**11, 2**10, 2**10),
        ("2-32", 2**16, 1, 2**16),
        ("2-64", 2**30, 2**30, 2**4),
        ("2-64-and-12", 2**30, 2**30 + 1, 2**4),
        ("greatest", GREATEST, GREATEST, GREATEST),
    ):
        suite.bad(
            f"view-size-{name}", PARENT, "E_LIMIT", KIND, "R-315 R-950",
            f"a view of {rows * channels * period}",
            {"TENSOR[0].rows": varint(rows), "TENSOR[0].channels": varint(channels),
             "TENSOR[0].period": varint(period)},
        )  # fmt: skip
    suite.fault(
        "view-size-less",
        PARENT,
        "TENSOR[0].rows",
        varint(2),
        "E_SIZE",
        "R-316",
        "a row less than the payload",
        at=KIND,
    )
    suite.fault(
        "view-size-output", "uniform-packed", "directory[1].output", varint(12), "E_SIZE", "R-316",
        "the output is the number of elements, not of bytes", at=KIND,
    )  # fmt: skip
    for field, keep in (("tool_and_type", 0), ("view_kind", 0), ("rows", 0), ("channels", 0), ("period", 0)):
        suite.bad(
            f"record-ends-before-{field.replace('_', '-')}", PARENT, "E_TRUNCATED", f"TENSOR[0].{field}",
            "R-011",
            f"the section ends before {field}", change=Change(cut=f"TENSOR[0].{field}", keep=keep),
            features="truncated",
        )  # fmt: skip
    suite.bad(
        "record-ends-within-varint", "huffman-lanes-8193", "E_TRUNCATED", "TENSOR[0].rows", "R-011",
        "the section ends within a varint", change=Change(cut="TENSOR[0].rows", keep=1), features="truncated",
    )  # fmt: skip
    for name, data in (("not-minimal", b"\x83\0"), ("ten-bytes", b"\x83" + b"\x80" * 8 + b"\1")):
        suite.fault(
            f"view-rows-varint-{name}", PARENT, "TENSOR[0].rows", data, "E_VARINT", "R-013", f"rows is {name}"
        )
    suite.fault(
        "record-trailing",
        PARENT,
        "TENSOR[0].trailing",
        b"\0",
        "E_TRAILING",
        "R-012",
        "a byte after a record",
    )


def _ragged(suite: Suite) -> None:
    for value in (0, 65537, 2**63 - 1):
        suite.fault(
            f"ragged-rows-{value}",
            RAGGED,
            "TENSOR[0].rows",
            varint(value),
            "E_LIMIT",
            "R-313",
            f"{value} rows",
        )
    for row in (0, 2):
        for value in (0, 2**31, 2**63 - 1):
            suite.fault(
                f"ragged-row-{row}-length-{value}", RAGGED, f"TENSOR[0].row_length[{row}]", varint(value),
                "E_LIMIT", "R-314", f"row {row} of length {value}",
            )  # fmt: skip
    suite.fault(
        "ragged-row-greatest", RAGGED, "TENSOR[0].row_length[0]", varint(GREATEST), "E_LIMIT", "R-314 R-315",
        "a row of the greatest length, and others", at=KIND,
    )  # fmt: skip
    suite.bad(
        "ragged-size-2-31", RAGGED, "E_LIMIT", KIND, "R-315", "rows of 2^31 elements together",
        {"TENSOR[0].row_length[0]": varint(2**30), "TENSOR[0].row_length[1]": varint(2**30 - 3)},
    )  # fmt: skip
    suite.fault(
        "ragged-size-more", RAGGED, "TENSOR[0].row_length[1]", b"\2", "E_SIZE", "R-316",
        "a row of one element more",
        at=KIND,
    )  # fmt: skip
    suite.fault(
        "ragged-row-varint", RAGGED, "TENSOR[0].row_length[1]", b"\x81\0", "E_VARINT", "R-013",
        "a row's length is not minimal",
    )  # fmt: skip
    for row in (0, 2):
        suite.bad(
            f"record-ends-before-row-{row}", RAGGED, "E_TRUNCATED", f"TENSOR[0].row_length[{row}]", "R-011",
            "the section ends within the lengths of rows", change=Change(cut=f"TENSOR[0].row_length[{row}]"),
            features="truncated",
        )  # fmt: skip
    suite.bad(
        "ragged-rows-65536-missing", RAGGED, "E_TRUNCATED", "TENSOR[0].row_length[2]", "R-313 R-011",
        "as many rows as there can be, but two lengths",
        change=Change({"TENSOR[0].rows": varint(65536)}, cut="TENSOR[0].row_length[2]"), bounded=True,
    )  # fmt: skip
    _most_rows(suite)


def _most_rows(suite: Suite) -> None:
    """Add 65536 rows of one byte, each a piece after a graph byte; the splices are the bytes 01 01."""
    rows = 65536
    record = planes(OPAQUE1, ragged([1] * rows), b"\1" * rows, [Packed(1)])
    content = b"\1" * (2 * rows - 1)
    same = b"\1\1" * (rows - 1)
    few = File([record], [Output(None, (OPEN, b"\1", next_part()))])
    change = Change(
        {
            "GRAPH.file[0].size": varint(len(content)),
            "GRAPH.file[0].sha256": hashlib.sha256(content).digest(),
            "GRAPH.splice_count": varint(rows),
            "GRAPH.splice[1].piece": same[1:],
            "GRAPH.graph": same[: rows - 1],
        }
    )
    head = 1 + 1 + len(varint(len(content))) + 32 + len(varint(rows)) + 2
    blocks = repeated(len(same) + rows - 1).blocks
    suite.valid(
        "ragged-rows-65536", "as many rows as there can be, of one byte each", "R-313",
        file=replace(few, frame=Frame((Block(RAW, head), *blocks), window=0x68)), change=change,
        contents=[content], bounded=True,
    )  # fmt: skip


def _ragged_total(suite: Suite) -> None:
    """Add ragged payloads of 2^24 bytes together, and of more."""
    half = 2**20
    file = File([_large(ragged([half])), _large(ragged([half - 1, 1]))])
    suite.valid(
        "ragged-total-greatest", "ragged payloads of 2^24 bytes together", "R-501", file=file, bounded=True
    )
    more = File([file.records[0], _large(ragged([half, 1]))])
    suite.bad(
        "ragged-total-more", "ragged-total-greatest", "E_LIMIT", "TENSOR[1]", "R-501",
        "ragged payloads of an element more than 2^24 bytes together", file=more,
    )  # fmt: skip


def _large(view: View) -> Record:
    """Return a record of opaque8 that is all zeros, with as many stored bytes as its output asks for."""
    how = Integers(Packed(), lo=0, sparse=Sparse(0, (0,)))
    return codebook(OPAQUE8, view, range(20), [0] * view.size, how)

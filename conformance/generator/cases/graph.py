"""GRAPH: files and splices (SPEC.md, clauses 6.1, 6.2 and 9.2)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from conformance.generator.cases.basics import BYTES, LEVELS
from conformance.generator.fields import varint
from conformance.generator.files import OPEN, Change, File, Output, next_part, repeat
from conformance.generator.frames import RAW, Block, Frame, repeated
from conformance.generator.records import FLOAT16, OPAQUE1, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.views import matrix, ragged

PARENT = "external"
PRIVATE = 0xF0
"""Type of a section that only makes a file large."""
GRAPH = "GRAPH"


def add(suite: Suite) -> None:
    """Add good and bad splices and files."""
    _valid(suite)
    _numbers(suite)
    _cuts(suite)
    _splices(suite)
    _sizes(suite)


def _valid(suite: Suite) -> None:
    byte = planes(OPAQUE1, matrix(1), b"\x5a")
    rows = planes(OPAQUE1, ragged([1, 2, 3]), b"abbccc")
    halves = uniform(FLOAT16, matrix(2, 2), LEVELS[:4])
    names = b"a b c "
    for name, comment, rules, records, outputs in (
        ("files-empty", "output files of no bytes before, between and after others", "R-203 R-204",
         [byte], [Output(None, ()), Output("a", (names, OPEN)), Output("b", ()), Output("c", ())]),
        ("files-run-across", "one run of graph bytes goes over the ends of two files", "R-212 R-215", [byte],
         [Output(None, (b"b a",)), Output("a", (b"--",)), Output("b", (b"-", OPEN))]),
        ("files-piece-each", "every output file is one piece", "R-214", [rows],
         [Output(None, (b"a b", OPEN)), Output("a", (next_part(),)), Output("b", (next_part(),))]),
        ("splices-repeat", "repetitions of repetitions, of parts, and in another file", "R-210", [rows, byte],
         [Output(None, (b"a", OPEN, repeat(1), repeat(1), OPEN, next_part(2), repeat(2), repeat(4))),
          Output("a", (next_part(2), repeat(7), b".", repeat(1)))]),
        ("splices-far", "parts of three sections in turn", "R-210 R-213", [rows, rows, rows],
         [Output(None, (OPEN, OPEN, OPEN, *[next_part(d) for d in (3, 2, 1, 3, 2, 1)]))]),
        ("splices-in-order", "parts of one section after the other", "R-213", [rows, halves, rows], None),
    ):  # fmt: skip
        suite.valid(name, comment, rules, file=File(records, outputs))
    many = [f"file{i}" for i in range(130)]
    outputs = [Output(None, (" ".join(many).encode() + b" ",)), *(Output(n, (repeat(1),)) for n in many[1:])]
    outputs.insert(1, Output(many[0], (OPEN,)))
    suite.valid("files-131", "131 output files of the same byte", "R-201", file=File([byte], outputs))
    _most_splices(suite)


def _most_splices(suite: Suite) -> None:
    """Add 2^20 splices: all but the first are the bytes 02 02, two graph bytes and the piece before again."""
    count = 2**20
    ballast = (PRIVATE, bytes(count // 16))
    few = File(
        [planes(OPAQUE1, matrix(1), b"\2")], [Output(None, (OPEN, b"\2\2", repeat(1)))], others=[ballast]
    )
    suite.valid("splices-2", "a piece and its repetition", "R-202 R-210", file=few)
    same = b"\2\2" * (count - 1)
    changed = {
        "GRAPH.splice_count": varint(count),
        "GRAPH.splice[1].piece": same[1:],
        # Decoding as many pieces takes long; that a graph byte is missing is found before.
        "GRAPH.graph": same[1:],
    }
    head = 1 + 1 + 1 + 32 + len(varint(count)) + 2
    blocks = repeated(2 * len(same) - 1).blocks
    suite.bad(
        "splices-1048576", "splices-2", "E_SPLICE", GRAPH, "R-202 R-212",
        "as many splices as there can be, but a graph byte less than their runs need", changed,
        file=replace(few, frame=Frame((Block(RAW, head), *blocks), window=0x68)), bounded=True,
    )  # fmt: skip


def _numbers(suite: Suite) -> None:
    for field, value, error, rule in (
        ("file_count", 0, "E_LIMIT", "R-201"),
        ("file_count", 65537, "E_LIMIT", "R-201"),
        ("file_count", 2**63 - 1, "E_LIMIT", "R-201"),
        ("splice_count", 2**20 + 1, "E_LIMIT", "R-202"),
        ("splice_count", 2**63 - 1, "E_LIMIT", "R-202"),
        ("file[0].size", 2**48, "E_LIMIT", "R-203"),
        ("file[0].size", 2**63 - 1, "E_LIMIT", "R-203"),
        ("file[0].size", 2**48 - 1, "E_EXPANSION", "R-203 R-206"),
        ("file[1].size", 2**48, "E_LIMIT", "R-203"),
        ("file[1].size", 2**48 - 1, "E_EXPANSION", "R-203 R-206"),
        ("file[1].name_length", 0, "E_FILE_NAME", "R-205"),
        ("file[1].name_length", 1025, "E_FILE_NAME", "R-205"),
        ("file[1].name_length", 2**63 - 1, "E_FILE_NAME", "R-205"),
        ("file[1].name_length", 1024, "E_FILE_NAME", "R-220"),
        ("file[1].name_offset", 2**63 - 1, "E_FILE_NAME", "R-220"),
        ("file[1].name_offset", 7, "E_FILE_NAME", "R-220"),
    ):
        own = field.replace("[", "-").replace("].", "-").replace("_", "-")
        suite.fault(
            f"graph-{own}-{value}", PARENT, f"GRAPH.{field}", varint(value), error, f"{rule} R-207",
            f"{field} {value}", at=GRAPH, bounded=value > 2**20,
        )  # fmt: skip
    _counts_by_size(suite)
    for field in ("file_count", "file[0].size", "file[1].name_offset", "splice[3].run", "splice[4].piece"):
        data = next(own for name, own in suite.built(PARENT).fields if name == f"GRAPH.{field}")
        longer = bytes([data[0] | 128, *data[1:], 0])
        own = field.replace("[", "-").replace("].", "-").replace("_", "-")
        suite.fault(
            f"graph-varint-{own}", PARENT, f"GRAPH.{field}", longer, "E_VARINT", "R-013 R-207",
            f"{field} is not minimal", at=GRAPH,
        )  # fmt: skip


def _counts_by_size(suite: Suite) -> None:
    """Add the greatest counts of files and splices that a file of their size may have, and one more."""
    for field, rule, free, per_byte in (
        ("file_count", "R-201", 1024, Fraction(1, 32)),
        ("splice_count", "R-202", 1024, Fraction(16)),
    ):
        own = field.replace("_", "-")
        size = len(suite.built("empty").data)
        while size != (longer := _size_with(suite, "empty", f"GRAPH.{field}", free + int(size * per_byte))):
            size = longer
        for more, error in ((0, "E_TRUNCATED"), (1, "E_LIMIT")):
            value = varint(free + int(size * per_byte) + more)
            suite.fault(
                f"graph-{own}-by-size-{more}", "empty", f"GRAPH.{field}", value, error,
                f"{rule} R-207" + " R-011" * (not more),
                f"{field} is {'one above ' * more}the greatest for a file of this size, and nothing follows",
                at=GRAPH, bounded=True,
            )  # fmt: skip


def _size_with(suite: Suite, parent: str, field: str, value: int) -> int:
    """Return the size of a file with another number in a field of GRAPH."""
    fields = dict(suite.built(parent).fields)
    return len(suite.built(parent).data) + len(varint(value)) - len(fields[field])


def _cuts(suite: Suite) -> None:
    """End the content at each of its fields; what is reported is always the first byte of GRAPH."""
    for name, data in suite.built(PARENT).fields:
        if not name.startswith(("GRAPH.file[", "GRAPH.splice")):
            continue
        own = name.removeprefix("GRAPH.").replace("[", "-").replace("].", "-").replace("_", "-")
        suite.bad(
            f"graph-ends-before-{own}", PARENT, "E_TRUNCATED", GRAPH, "R-011 R-207",
            f"the content of GRAPH ends in {name.removeprefix('GRAPH.')}",
            change=Change(cut=name, keep=len(data) - 1), features="truncated",
        )  # fmt: skip
    suite.bad(
        "graph-ends-in-graph-bytes", PARENT, "E_SPLICE", GRAPH, "R-212 R-207",
        "the content of GRAPH ends before the graph bytes that a run needs",
        change=Change(cut="GRAPH.graph", keep=7), features="truncated",
    )  # fmt: skip


def _splices(suite: Suite) -> None:
    """Change piece codes of the parent: 0, 0, 3, 4, 3."""
    for number, value, rule, comment in (
        (0, 1, "R-210", "the next part of a section, when none is open"),
        (0, 2, "R-210", "a repetition in the first splice"),
        (1, 3, "R-210", "the next part of the section before the first"),
        (1, 4, "R-210", "a repetition of the splice before the first"),
        (4, 0, "R-210", "a third TENSOR section is opened, where there are two"),
        (4, 5, "R-210", "the next part of the section before the first, later"),
        (4, 10, "R-210", "a repetition of the splice before the first, later"),
        (4, 2**63 - 1, "R-210", "the greatest odd piece code"),
        (4, 2**63 - 2, "R-210", "the greatest even piece code"),
        (1, 1, "R-211", "the second TENSOR section is not opened"),
        (1, 2, "R-211", "the second TENSOR section is not opened, but a piece repeated"),
    ):
        suite.fault(
            f"splice-{number}-piece-{value}", PARENT, f"GRAPH.splice[{number}].piece", varint(value),
            "E_SPLICE", f"{rule} R-207", comment, at=GRAPH,
        )  # fmt: skip
    suite.bad(
        "splice-opens-too-many-varint", PARENT, "E_SPLICE", GRAPH, "R-210 R-010 R-207",
        "a third TENSOR section is opened, and the run after that is not minimal",
        {"GRAPH.splice[3].piece": b"\0", "GRAPH.splice[4].run": b"\x80\0"}, features="precedence",
    )  # fmt: skip
    for number, value, comment in (
        (0, 12, "one byte more than there are graph bytes"),
        (4, 4, "the last run one byte longer than what is left"),
        (0, 2**63 - 1, "the greatest run"),
    ):
        suite.fault(
            f"splice-{number}-run-{value}", PARENT, f"GRAPH.splice[{number}].run", varint(value),
            "E_SPLICE", "R-212 R-207", comment, at=GRAPH,
        )  # fmt: skip
    suite.bad(
        "splice-runs-wrap", PARENT, "E_SPLICE", GRAPH, "R-212 R-950",
        "runs whose sum is small modulo 2^64",
        {f"GRAPH.splice[{i}].run": varint(2**63 - 1) for i in (0, 1)} | {"GRAPH.splice[2].run": varint(9)},
    )  # fmt: skip
    parts = planes(OPAQUE1, ragged([4, 2, 6]), BYTES)
    suite.valid("parts", "three parts, one after the other", "R-213", parts)
    for name, outputs, comment in (
        ("less", (OPEN, next_part()), "two of three parts are used"),
        ("one", (OPEN,), "one of three parts is used"),
        ("more", (OPEN, *[next_part()] * 3), "four parts of a section that has three"),
    ):
        suite.bad(
            f"parts-{name}", "parts", "E_SPLICE", "TENSOR[0]", "R-213", comment,
            file=File([parts], [Output(None, outputs)]),
        )  # fmt: skip
    suite.bad(
        "parts-of-matrix", "planes-packed", "E_SPLICE", "TENSOR[0]", "R-213", "a second part of a matrix",
        file=File(suite.file("planes-packed").records, [Output(None, (b"<", OPEN, next_part(), b":>"))]),
    )  # fmt: skip


def _sizes(suite: Suite) -> None:
    """Sizes of output files that are not what the splices give. The parent's are 61 and 9 bytes."""
    sizes = [len(data) for data in suite.file(PARENT).contents()]
    for name, one, two, rule, comment in (
        ("first-less", sizes[0] - 1, sizes[1] + 1, "R-214", "a piece ends one byte after its file"),
        ("first-much-less", 20, sizes[1] + sizes[0] - 20, "R-214", "a piece goes over the first end"),
        ("last-less", sizes[0], sizes[1] - 1, "R-215", "one byte more than the files hold"),
        ("last-piece", sizes[0], 5, "R-214 R-215", "a piece ends after the last file"),
        ("last-more", sizes[0], sizes[1] + 1, "R-215", "one byte less than the files hold"),
        ("none", 0, 0, "R-215", "the first run passes the end of all files"),
    ):
        suite.bad(
            f"file-sizes-{name}", PARENT, "E_SPLICE", GRAPH, f"{rule} R-207", comment,
            {"GRAPH.file[0].size": varint(one), "GRAPH.file[1].size": varint(two)},
        )  # fmt: skip
    suite.bad(
        "file-sizes-run-passes", PARENT, "E_SPLICE", GRAPH, "R-215", "a later run passes the end of all",
        {"GRAPH.file[0].size": varint(0), "GRAPH.file[1].size": varint(43), "GRAPH.splice[3].run": varint(4)},
    )  # fmt: skip
    for file in (0, 1):
        digest = next(d for n, d in suite.built(PARENT).fields if n == f"GRAPH.file[{file}].sha256")
        wrong = digest[:31] + bytes([digest[31] ^ 1])
        suite.fault(
            f"hash-of-file-{file}", PARENT, f"GRAPH.file[{file}].sha256", wrong, "E_HASH", "R-204 R-502",
            f"the SHA-256 of file {file} is wrong", at=0,
        )  # fmt: skip
    suite.fault(
        "hash-of-graph-byte", PARENT, "GRAPH.graph", b"(w.bin].end", "E_HASH", "R-204 R-502",
        "a graph byte differs, which only the SHA-256 shows", at=0,
    )  # fmt: skip
    _expansion(suite)


def _expansion(suite: Suite) -> None:
    """Sizes at and above 65536 bytes for each byte of the file (R-206)."""
    sizes = [len(data) for data in suite.file("graph-only").contents()]
    stored = len(suite.built("graph-only").data) + len(varint(2**23)) - len(varint(sizes[0]))
    # The size's varint has one byte more, so that two other varints stay as they are.
    greatest = 65536 * stored
    suite.fault(
        "file-sizes-expansion", "graph-only", "GRAPH.file[0].size", varint(greatest + 1), "E_EXPANSION",
        "R-206 R-207", "one byte more than 65536 for each byte of the file", at=GRAPH,
    )  # fmt: skip
    suite.fault(
        "file-sizes-expansion-greatest", "graph-only", "GRAPH.file[0].size", varint(greatest), "E_SPLICE",
        "R-206 R-215", "65536 bytes for each byte of the file, which is allowed, but not what is there",
        at=GRAPH, bounded=True,
    )  # fmt: skip
    suite.bad(
        "file-sizes-expansion-sum", "graph-only", "E_EXPANSION", GRAPH, "R-206 R-950",
        "sizes of many files whose sum is too large",
        file=File(outputs=[Output(None, (b"abcdefgh",)), *(Output(n, ()) for n in "abcdefgh")]),
        change=Change({f"GRAPH.file[{i}].size": varint(2**48 - 1) for i in range(9)}),
    )  # fmt: skip

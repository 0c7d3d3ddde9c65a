"""Files with two faults, of which SPEC.md says which one comes first (clauses 9.1 to 9.3 and 12.3)."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.generator.fields import f32, svarint, u32, varint
from conformance.generator.files import Change
from conformance.generator.suite import Suite

CRC = u32(0x12345678)
DIGEST = bytes(range(16))
LEVELS = "TENSOR[0].levels"
PLANE = "TENSOR[0].plane[0]"
Fields = Mapping[str, bytes]
Case = tuple[str, str, str, str | int, str, str, Fields]

CASES: tuple[Case, ...] = (
    # Header
    ("signature-crc", "empty", "E_SIGNATURE", 0, "R-108", "signature before header_crc",
     {"header.signature": b"x" * 8, "header.header_crc": CRC}),
    ("major-crc", "empty", "E_CRC", 24, "R-108", "header_crc before major",
     {"header.major": b"\2", "header.header_crc": CRC}),
    ("major-reader", "empty", "E_VERSION", 8, "R-108", "major before reader",
     {"header.major": b"\2", "header.reader": b"\1"}),
    ("reader-own", "empty", "E_RESERVED", 10, "R-102 R-103", "reader above minor before reader not known",
     {"header.minor": b"\1", "header.reader": b"\2"}),
    ("reader-profile", "empty", "E_VERSION", 10, "R-108", "reader before profile",
     {"header.minor": b"\1", "header.reader": b"\1", "header.profile": b"\2"}),
    ("profile-count", "empty", "E_PROFILE", 11, "R-108", "profile before section_count",
     {"header.profile": b"\3", "header.section_count": u32(0)}),
    ("count-length", "empty", "E_LIMIT", 12, "R-108", "section_count before directory_length",
     {"header.section_count": u32(0), "header.directory_length": u32(2**25 + 1)}),
    ("length-directory", "empty", "E_LIMIT", 16, "R-108", "header before directory",
     {"header.directory_length": u32(2**25 + 1), "directory_crc": CRC}),
    # Directory
    ("directory-crc-entry", "empty", "E_CRC", "directory_crc", "R-152", "directory_crc before entries",
     {"directory[0].type": b"\0", "directory_crc": CRC}),
    ("type-reserved-order", "external", "E_RESERVED", "directory[1].type", "R-153 R-155",
     "an entry before the next", {"directory[1].type": b"\x80", "directory[2].type": b"\1"}),
    ("type-unsupported-order", "external", "E_UNSUPPORTED", "directory[4].type", "R-154 R-155",
     "a type that is not known, and out of order", {"directory[4].type": b"\5"}),
    ("type-length", "external", "E_ORDER", "directory[1].type", "R-155 R-010", "a type before its length",
     {"directory[1].type": b"\1", "directory[1].length": varint(2**40)}),
    ("length-output", "external", "E_LIMIT", "directory[1].length", "R-156 R-010", "length before output",
     {"directory[1].length": varint(2**40), "directory[1].output": b"\0"}),
    ("entry-entry", "external", "E_SIZE", "directory[0].output", "R-158 R-010", "an entry before the next",
     {"directory[0].output": b"\0", "directory[1].type": b"\0"}),
    ("output-layout", "external", "E_SIZE", "directory[4].output", "R-158 R-161",
     "all entries before the layout",
     {"directory[0].length": varint(2**30), "directory[4].output": b"\1"}),
    ("directory-layout", "external", "E_DIRECTORY", "directory.trailing", "R-150 R-161",
     "the end of the directory before the layout",
     {"directory[0].length": varint(2**30), "directory.trailing": b"\0"}),
    ("layout-digest", "external", "E_TRAILING", "trailing", "R-162 R-163", "the layout before any section",
     {"directory[0].digest": DIGEST, "trailing": b"\0"}),
    # Sections in order
    ("graph-digest-content", "external", "E_DIGEST", "GRAPH", "R-163",
     "the digest of GRAPH before its content",
     {"directory[0].digest": DIGEST, "GRAPH.file_count": b"\0"}),
    ("graph-tables", "shared-tables", "E_LIMIT", "GRAPH", "R-500", "GRAPH before TABLES",
     {"GRAPH.file_count": b"\0", "TABLES.count": b"\0"}),
    ("tables-tensor", "shared-tables", "E_LIMIT", "TABLES.count", "R-500", "TABLES before TENSOR",
     {"TABLES.count": b"\0", "directory[2].digest": DIGEST}),
    ("tables-digest-content", "shared-tables", "E_DIGEST", "TABLES", "R-163",
     "the digest of TABLES before its content",
     {"directory[1].digest": DIGEST, "TABLES.count": b"\0"}),
    ("tensor-tensor", "external", "E_RESERVED", "TENSOR[0].flags", "R-500",
     "a TENSOR section before the next",
     {"TENSOR[0].flags": b"\4", "directory[2].digest": DIGEST}),
    ("tensor-notes", "external", "E_RESERVED", "TENSOR[1].view_kind", "R-500",
     "TENSOR before ignorable sections",
     {"TENSOR[1].view_kind": b"\3", "directory[3].digest": DIGEST}),
    ("notes-hash", "external", "E_DIGEST", "IGNORABLE[1]", "R-271 R-500",
     "ignorable sections before the hashes",
     {"directory[4].digest": DIGEST, "GRAPH.file[0].sha256": bytes(32)}),
    ("notes-order", "external", "E_DIGEST", "IGNORABLE[0]", "R-271 R-500", "ignorable sections in order",
     {"directory[3].digest": DIGEST, "directory[4].digest": DIGEST}),
    ("sizes-notes", "external", "E_SPLICE", "GRAPH", "R-215 R-500",
     "the total size before ignorable sections",
     {"GRAPH.file[1].size": varint(200), "directory[3].digest": DIGEST}),
    # GRAPH content: all at the first byte of GRAPH, so told apart by their ids
    ("expansion-splices", "external", "E_EXPANSION", "GRAPH", "R-206", "sizes before splices",
     {"GRAPH.file[0].size": varint(2**40), "GRAPH.splice[0].piece": b"\1"}),
    ("splice-varint", "external", "E_SPLICE", "GRAPH", "R-210 R-010",
     "a splice is resolved before the next is read",
     {"GRAPH.splice[0].piece": b"\1", "GRAPH.splice[1].run": b"\x80\0"}),
    ("varint-splice", "external", "E_VARINT", "GRAPH", "R-013 R-010", "a varint before the splices after it",
     {"GRAPH.splice[0].run": b"\x80\0", "GRAPH.splice[1].piece": b"\5"}),
    ("splice-name", "external", "E_SPLICE", "GRAPH", "R-212 R-220", "splices before names",
     {"GRAPH.splice[0].run": varint(99), "GRAPH.file[1].name_offset": varint(99)}),
    ("name-sizes", "external", "E_FILE_NAME", "GRAPH", "R-220 R-215", "names before sizes",
     {"GRAPH.file[1].name_offset": varint(99), "GRAPH.file[0].size": b"\0"}),
    ("run-tensor", "external", "E_SPLICE", "GRAPH", "R-215 R-500",
     "a run that passes the end before the section",
     {"GRAPH.file[0].size": b"\0", "GRAPH.file[1].size": b"\3", "directory[1].digest": DIGEST}),
    ("tensor-piece", "external", "E_DIGEST", "TENSOR[0]", "R-214 R-500",
     "the section before the place of its part",
     {"GRAPH.file[0].size": b"\x09", "GRAPH.file[1].size": b"\x3d", "directory[1].digest": DIGEST}),
    ("piece-tensor", "external", "E_SPLICE", "GRAPH", "R-214 R-500",
     "the place of a part before the next section",
     {"GRAPH.file[0].size": b"\x09", "GRAPH.file[1].size": b"\x3d", "directory[2].digest": DIGEST}),
    # A record: fields in order, syntax before tokens, tokens before integers, integers before values
    ("fields", "uniform-packed", "E_RESERVED", "TENSOR[0].flags", "R-010", "flags before step",
     {"TENSOR[0].flags": b"\x80", "TENSOR[0].step": bytes(4)}),
    ("digest-syntax", "uniform-packed", "E_DIGEST", "TENSOR[0]", "R-163 R-503",
     "the digest before the syntax",
     {"TENSOR[0].flags": b"\x80", "directory[1].digest": DIGEST}),
    ("size-tool", "uniform-packed", "E_SIZE", "TENSOR[0].view_kind", "R-316 R-010",
     "the view before the tool",
     {"directory[1].output": varint(44), "TENSOR[0].flags": b"\x80"}),
    ("limit-size", "uniform-packed", "E_LIMIT", "TENSOR[0].view_kind", "R-315 R-316", "R-315 before R-316",
     {"TENSOR[0].rows": varint(2**30), "directory[1].output": varint(44)}),
    ("flags-view", "ragged", "E_RESERVED", "TENSOR[0].flags", "R-340 R-342", "R-340 before R-342",
     {"TENSOR[0].flags": b"\x94"}),
    ("coder-profile", "planes-zstd", "E_RESERVED", f"{PLANE}.coder", "R-415 R-416", "R-415 before R-416",
     {f"{PLANE}.coder": b"\5", "header.profile": b"\0"}),
    ("profile-trellis", "trellis", "E_PROFILE", f"{LEVELS}.flags", "R-399 R-401", "R-399 before R-401",
     {f"{LEVELS}.flags": b"\3"}),
    ("trailing-memory", "uniform-packed", "E_TRAILING", "TENSOR[0].trailing", "R-110 R-503",
     "the end of the section before what it needs",
     {"TENSOR[0].trailing": b"\0", "header.working_memory": bytes(4)}),
    ("memory-tokens", "planes-padding", "E_LIMIT", "TENSOR[0]", "R-110 R-503",
     "what the section needs before its tokens",
     {"TENSOR[0].plane[0].bits": b"\0\x80", "header.working_memory": bytes(4)}),
    ("memory-parts", "ragged", "E_LIMIT", "TENSOR[0]", "R-110 R-213",
     "what the section needs before its parts",
     {"GRAPH.splice_count": b"\1", "header.working_memory": bytes(4)}),
    ("mix-block", "transform", "E_RESERVED", "TENSOR[0].mix", "R-348 R-345", "R-348 before R-345",
     {"TENSOR[0].block": b"\xff", "TENSOR[0].mix": b"\7"}),
    ("integer-flags", "trellis", "E_RESERVED", f"{LEVELS}.flags", "R-400 R-401", "R-400 before R-401",
     {f"{LEVELS}.flags": b"\x59"}),
    ("lo", "trellis", "E_LIMIT", f"{LEVELS}.lo", "R-402 R-403", "R-402 before R-403",
     {f"{LEVELS}.lo": svarint(2**31 + 1)}),
    ("escape-limit", "trellis", "E_LIMIT", f"{LEVELS}.escape[0]", "R-406 R-410", "R-406 before R-410",
     {f"{LEVELS}.escape[0]": svarint(2**31)}),
    ("escape-parity", "trellis", "E_ESCAPE", f"{LEVELS}.escape[0]", "R-407 R-410", "R-407 before R-410",
     {f"{LEVELS}.escape[0]": svarint(0)}),
    ("escapes", "integers", "E_ESCAPE", f"{LEVELS}.escape[0]", "R-407 R-010",
     "an escape before the next is read",
     {f"{LEVELS}.escape[0]": svarint(0), f"{LEVELS}.escape[1]": b"\x80\0"}),
    ("mode-view", "sparse-rans", "E_RESERVED", f"{LEVELS}.tokens.mode", "R-440 R-442", "R-440 before R-442",
     {f"{LEVELS}.tokens.mode": b"\5"}),
    ("lanes-words", "planes-rans", "E_LIMIT", f"{PLANE}.lanes", "R-445 R-010", "lanes before words",
     {f"{PLANE}.lanes": b"\0", f"{PLANE}.words": varint(2**40)}),
    ("state-word", "rans-word-each", "E_ENTROPY", f"{PLANE}.state", "R-446 R-011",
     "states before words that are missing",
     {f"{PLANE}.state": bytes(12), f"{PLANE}.words": varint(2**40)}),
    ("code-lanes", "huffman-1", "E_TABLE", f"{PLANE}.first", "R-434 R-431", "the code before lanes",
     {f"{PLANE}.lengths": b"\x11\x11", f"{PLANE}.lanes": b"\0"}),
    ("syntax-tokens", "planes-padding", "E_RESERVED", "TENSOR[0].plane[1].coder", "R-503",
     "the syntax of a later plane before the tokens of an earlier one",
     {"TENSOR[0].plane[0].bits": b"\0\x80", "TENSOR[0].plane[1].coder": b"\5"}),
    ("planes-tokens", "planes-padding", "E_PADDING", "TENSOR[0].plane[0].width", "R-503 R-014",
     "tokens of a plane before those of the next",
     {"TENSOR[0].plane[0].bits": b"\0\x80", "TENSOR[0].plane[1].bits": b"\0\x80"}),
    ("trailing-tokens", "packed-width-5", "E_TRAILING", "TENSOR[0].trailing", "R-012 R-503",
     "the end of the section before tokens",
     {f"{PLANE}.bits": bytes(8) + b"\x80", "TENSOR[0].trailing": b"\0"}),
)  # fmt: skip


def add(suite: Suite) -> None:
    """Add the files."""
    for name, parent, error, at, rules, comment, fields in CASES:
        suite.bad(f"first-{name}", parent, error, at, rules, comment, fields, features="precedence")
    _phases(suite)


def _phases(suite: Suite) -> None:
    """Add records with faults in two phases, where both need bytes of the parent."""
    fields = dict(suite.built("integers").fields)
    low = fields[f"{LEVELS}.low"]
    padded = bytes([*low[:-1], low[-1] | 0x80])
    for name, error, changed, comment in (
        ("escapes-padding", "E_ESCAPE", {f"{LEVELS}.low": padded, f"{LEVELS}.escape_count": b"\1",
         f"{LEVELS}.escape[1]": b""}, "the number of escapes before padding of low bits"),
        ("padding-range", "E_PADDING", {f"{LEVELS}.low": padded, f"{LEVELS}.escape[0]": svarint(2**31 - 1)},
         "padding of low bits before the range of integers"),
    ):  # fmt: skip
        suite.bad(
            f"first-{name}", "integers", error, f"{LEVELS}.flags", "R-520 R-503 R-014", comment, changed,
            features="precedence",
        )  # fmt: skip
    states = dict(suite.built("integers-rans").fields)[f"{LEVELS}.tokens.state"]
    suite.bad(
        "first-tokens-integers", "integers-rans", "E_ENTROPY", f"{LEVELS}.tokens.mode", "R-511 R-503",
        "tokens before integers",
        {f"{LEVELS}.tokens.state": bytes([states[0] ^ 1, *states[1:]]), f"{LEVELS}.lo": svarint(2**31 - 1)},
        features="precedence",
    )  # fmt: skip
    bits = dict(suite.built("sparse-packed-gaps").fields)[f"{LEVELS}.gaps.bits"]
    suite.bad(
        "first-range-gaps", "sparse-packed-gaps", "E_RANGE", f"{LEVELS}.flags", "R-521 R-522",
        "integers before positions: the same error at the same place",
        {f"{LEVELS}.gaps.bits": bytes([bits[0], 255]), f"{LEVELS}.lo": svarint(2**31 - 1)},
        features="precedence",
    )  # fmt: skip
    codes = dict(suite.built("step-codes-huffman").fields)["TENSOR[0].row_codes.data"]
    other = dict(suite.built("step-codes-huffman").fields)["TENSOR[0].column_codes.data"]
    suite.bad(
        "first-codes-levels", "step-codes-huffman", "E_ENTROPY", "TENSOR[0].row_codes.first", "R-503",
        "tokens of row codes before those of column codes, both wrong",
        {
            "TENSOR[0].row_codes.data": bytes([codes[0] | 1, *codes[1:]]),
            "TENSOR[0].column_codes.data": bytes([other[0] | 1, *other[1:]]),
        },
        features="precedence",
    )  # fmt: skip
    classes = "contexts-of-row-classes"
    suite.bad(
        "first-classes-tokens", classes, "E_RANGE", f"{PLANE}.row_classes.present", "R-451 R-503",
        "classes above 63 before the tokens, whose states are wrong",
        {f"{PLANE}.row_classes.bits": b"\0\xff", f"{PLANE}.state": u32(2**16 + 4096) * 2},
        features="precedence",
    )  # fmt: skip
    suite.bad(
        "tokens-after-classes", classes, "E_ENTROPY", f"{PLANE}.mode", "R-420 R-511",
        "wrong states of tokens whose class lists are present, and right",
        {f"{PLANE}.state": u32(2**16 + 4096) * 2}, features="precedence",
    )  # fmt: skip
    suite.bad(
        "first-classes-in-order", classes, "E_RANGE", f"{PLANE}.row_classes.present", "R-451 R-503",
        "row classes before channel classes",
        {f"{PLANE}.row_classes.bits": b"\0\xff", f"{PLANE}.channel_classes.bits": b"\xff\xff\xff"},
        features="precedence",
    )  # fmt: skip
    suite.bad(
        "first-step-offset", "trellis", "E_STEP", "TENSOR[0].step", "R-343 R-010", "step before offset",
        change=Change({"TENSOR[0].step": f32(0.0)}, cut="TENSOR[0].offset"), features="precedence",
    )  # fmt: skip

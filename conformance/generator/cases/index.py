"""INDEX: right, malformed in every way, and wrong (SPEC.md, clauses 5.2 and 6.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from conformance.generator.coders import Packed
from conformance.generator.fields import varint
from conformance.generator.files import INDEX, File
from conformance.generator.integers import Integers
from conformance.generator.records import FLOAT32, OPAQUE1, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.vector import Indexed
from conformance.generator.views import matrix, ragged

PARENT = "index"
FLOAT, UINT8, INT64, UINT4 = 1, 2, 7, 21
"""Numbers that ONNX gives types of elements."""
RIGHT: tuple[tuple[bytes, int, Sequence[int], Sequence[int]], ...] = (
    (b"conv.bias", UINT8, (3,), (1, 0, 1)),
    (b"conv.scale", UINT8, (), (1, 0, 0)),
    (b"conv.weight", FLOAT, (2, 2), (2, 1)),
    (b"shape", INT64, (2,), (0,)),
    ("Überschrift".encode(), UINT4, (5, 1), (1, 0, 1)),
)
"""Name, type, dimensions, and what follows them."""


def _entries(*entries: tuple[bytes, int, Sequence[int], Sequence[int]]) -> bytes:
    """Return entries with the longest prefixes."""
    out, before = bytearray(), b""
    for name, data_type, dims, place in entries:
        shared = next((i for i, (a, b) in enumerate(zip(name, before, strict=False)) if a != b), None)
        shared = min(len(name), len(before)) if shared is None else shared
        out += _entry(shared, name[shared:], data_type, dims, place)
        before = name
    return bytes(out)


def _entry(prefix: int, rest: bytes, data_type: int, dims: Iterable[int], place: Iterable[int]) -> bytes:
    sizes = list(dims)
    out = varint(prefix) + varint(len(rest)) + rest + bytes([data_type, len(sizes)])
    return out + b"".join(map(varint, [*sizes, *place]))


def _one(rest: bytes, prefix: int = 0, dims: Sequence[int] = (1,), place: Sequence[int] = (0,)) -> bytes:
    return _entry(prefix, rest, UINT8, dims, place)


def add(suite: Suite) -> None:
    """Add files with an index."""
    view = matrix(1, 2)
    halves = [uniform(FLOAT32, view, [a, b], Integers(Packed()), step=0.5) for a, b in ((1, -2), (0, 3))]
    file = File([planes(OPAQUE1, ragged([1, 3]), b"\7\1\2\3", [Packed()]), *halves])
    content = b"\0" + varint(len(RIGHT)) + _entries(*RIGHT)
    data = {b"conv.bias": b"\1\2\3", b"conv.scale": b"\7", "Überschrift".encode(): b"\1\2\3"}
    data[b"conv.weight"] = b"".join(file.payloads()[1:])
    found = [Indexed(name.decode(), kind, tuple(dims), data.get(name)) for name, kind, dims, _ in RIGHT]
    suite.valid(
        PARENT, "INDEX: parts, a run of sections, a tensor that is in no section", "R-155 R-273",
        file=with_index(file, content), index=found,
    )  # fmt: skip
    suite.valid(
        "index-two", "of two INDEX sections the first counts", "R-155 R-273",
        file=with_index(file, content, b"\0\0"), index=found,
    )  # fmt: skip
    suite.valid(
        "index-two-malformed", "of two INDEX sections the first counts, although it is malformed",
        "R-155 R-273", file=with_index(file, b"\1", content), index=None,
    )  # fmt: skip
    _faults(suite)
    _bounds(suite, file)
    _malformed(suite, file, content)
    _wrong(suite, file)


def with_index(file: File, *contents: bytes) -> File:
    """Return a file with INDEX sections."""
    return replace(file, others=[(INDEX, content) for content in contents])


def _faults(suite: Suite) -> None:
    """Add faults that any section may have."""
    suite.bad(
        "index-after-graph", PARENT, "E_ORDER", "directory[2].type", "R-155", "an INDEX behind GRAPH",
        {"directory[2].type": bytes([INDEX])},
    )  # fmt: skip
    suite.bad(
        "index-digest", PARENT, "E_DIGEST", "IGNORABLE[0]", "R-160 R-271", "the digest of INDEX is wrong",
        {"directory[0].digest": bytes(16)},
    )  # fmt: skip
    suite.bad(
        "index-digest-after-tensors", PARENT, "E_DIGEST", "TENSOR[2]", "R-271 R-500",
        "the digests of INDEX and of a TENSOR section do not match: ignorable sections come last",
        {"directory[0].digest": bytes(16), "directory[4].digest": bytes(16)}, features="precedence",
    )  # fmt: skip


def _bounds(suite: Suite, file: File) -> None:
    """Greatest values that fit."""
    names = [b"n" * 1023, b"n" * 1024, b"o" * 1024]
    for name, entries, found in (
        ("none", [], ()),
        ("names", [_one(names[0]), _one(b"n", 1023), _one(names[2])], [(n, (1,)) for n in names]),
        ("short-prefix", [_one(b"ab"), _one(b"ac")], [(b"ab", (1,)), (b"ac", (1,))]),
        ("rank", [_one(b"r", dims=[1] * 64)], [(b"r", (1,) * 64)]),
        ("product", [_one(b"p", dims=[0, 2**47, 0])], [(b"p", (0, 2**47, 0))]),
        ("last", [_one(b"l", dims=[8], place=[1, 2, 0])], [(b"l", (8,))]),
    ):
        index = b"\0" + varint(len(entries)) + b"".join(entries)
        tensors = [Indexed(own.decode(), UINT8, dims, None) for own, dims in found]
        if name == "last":
            tensors = [replace(tensors[0], data=file.payloads()[2])]
        suite.valid(
            f"index-greatest-{name}", f"an INDEX with the greatest {name} that fits", "R-273",
            file=with_index(file, index), index=tensors,
        )  # fmt: skip


def _malformed(suite: Suite, file: File, content: bytes) -> None:
    a = _one(b"a")
    for name, index in (
        ("empty", b""),
        ("version", b"\1" + content[1:]),
        ("no-count", b"\0"),
        ("cut", content[:-1]),
        ("cut-in-name", b"\0\1\0\5abcd"),
        ("cut-in-dims", b"\0\1\0\1a\2\2\1"),
        ("trailing", content + b"\0"),
        ("count-more", b"\0\2" + a),
        ("count-less", b"\0\1" + a + _one(b"b")),
        ("count-greatest", b"\0" + varint(2**63 - 1) + a),
        ("varint-count", b"\0\x81\0" + a),
        ("varint-section", b"\0\1\0\1a\2\0\1\x80\0\0"),
        ("prefix", b"\0\2" + a + _one(b"b", 2)),
        ("prefix-first", b"\0\1" + _one(b"a", 1)),
        ("name-empty", b"\0\1" + _one(b"")),
        ("name-1025", b"\0\1" + _one(b"n" * 1025)),
        ("name-1025-with-prefix", b"\0\2" + _one(b"n" * 1000) + _one(b"n" * 25, 1000)),
        ("name-greatest", b"\0\2" + a + varint(1) + varint(2**63 - 1)),
        ("utf-8", b"\0\1" + _one(b"\xc3")),
        ("utf-8-cut-by-prefix", b"\0\2" + _one("é".encode()) + _one(b"\xff", 1)),
        ("same-name", b"\0\2" + a + _one(b"", 1)),
        ("same-name-again", b"\0\2" + a + a),
        ("descending", b"\0\2" + _one(b"b") + a),
        ("descending-to-beginning", b"\0\2" + _one(b"ab") + _one(b"", 1)),
        ("descending-byte-128", b"\0\2" + _one("é".encode()) + _one(b"z")),
        ("rank-65", b"\0\1" + _one(b"r", dims=[1] * 65)),
        ("product", b"\0\1" + _one(b"p", dims=[0, 2**24, 2**24])),
        ("dim-greatest", b"\0\1" + _one(b"p", dims=[2**63 - 1])),
        ("dims-wrap", b"\0\1" + _one(b"p", dims=[2**32, 2**32])),
        ("sections", b"\0\1" + _one(b"s", place=[4, 0])),
        ("sections-greatest", b"\0\1" + _one(b"s", place=[2**63 - 1, 2**63 - 1])),
        ("section", b"\0\1" + _one(b"s", place=[1, 3, 0])),
        ("section-of-two", b"\0\1" + _one(b"s", place=[2, 2])),
        ("section-greatest", b"\0\1" + _one(b"s", place=[1, 2**63 - 1, 0])),
        ("part", b"\0\1" + _one(b"p", place=[1, 0, 65536])),
        ("last-entry", content[:1] + varint(len(RIGHT) + 1) + content[2:] + _one(b"a")),
    ):
        comment = f"an INDEX that does not fit its tables ({name}): treated as absent"
        suite.valid(
            f"index-malformed-{name}", comment, "R-270 R-273", file=with_index(file, index), index=None
        )


def _wrong(suite: Suite, file: File) -> None:
    """Well formed, and not what the file holds."""
    for name, kind, dims, place in (
        ("part", UINT8, (3,), (1, 0, 2)),
        ("part-of-matrix", FLOAT, (2,), (1, 1, 1)),
        ("part-greatest", UINT8, (3,), (1, 0, 65535)),
        ("size", UINT8, (4,), (1, 0, 1)),
        ("type", INT64, (3,), (1, 0, 1)),
        ("shape-of-no-element", UINT8, (3, 0), (1, 0, 1)),
        ("bits", UINT4, (7,), (1, 0, 1)),
        ("run", FLOAT, (3,), (2, 1)),
        ("run-over-ragged", UINT8, (12,), (2, 0)),
    ):
        index = b"\0\1" + _entry(0, b"w", kind, dims, place)
        suite.valid(
            f"index-wrong-{name}", f"an INDEX whose entry cannot be right ({name})", "R-270 R-274",
            file=with_index(file, index), index=[Indexed("w", kind, tuple(dims), None)],
        )  # fmt: skip
    entries = ((b"no such tensor", UINT8, (1,), (1, 0, 0)), (b"unknown type", 255, (9,), (1, 0, 1)))
    suite.valid(
        "index-disagreeing", "an INDEX of tensors that GRAPH does not have, one of a type that is not known",
        "R-270 R-274", file=with_index(file, b"\0\2" + _entries(*entries)),
        index=[Indexed("no such tensor", UINT8, (1,), b"\7"), Indexed("unknown type", 255, (9,), b"\1\2\3")],
    )  # fmt: skip

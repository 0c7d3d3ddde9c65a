"""Profiles, and the working memory that a header states (SPEC.md, clauses 11.2 and 13)."""

from __future__ import annotations

from dataclasses import replace

from conformance.generator.coders import Bzip2, Huffman, Packed, Rans, Zstd
from conformance.generator.fields import u32
from conformance.generator.files import DEVICE, FULL, MAIN, File, Output
from conformance.generator.frames import Frame
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import FLOAT32, OPAQUE1, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.views import matrix, ragged

MEMORY = "header.working_memory"
TERMS = (
    ("packed", "planes-packed", "the section alone"),
    ("rans", "planes-rans", "tables and lanes"),
    ("shared-tables", "shared-tables", "shared tables that are used"),
    ("contexts", "contexts-of-row-classes", "a table for each context, and a class list"),
    ("trellis", "trellis", "two tables, and the tokens of segments"),
    ("huffman", "huffman-1", "lanes of Huffman codes"),
    ("zstd", "planes-zstd", "a zstd frame and its tokens"),
    ("bzip2", "planes-bzip2", "a bzip2 stream and its tokens"),
    ("codebook", "codebook-packed", "entries of a codebook"),
    ("common", "common-packed", "common elements"),
    ("transform", "transform", "a block of a transform"),
    ("transposed", "contexts-transposed", "the payload of a transposed view"),
    ("ragged", "ragged", "rows of a ragged view, and its payload"),
    ("row-codes", "uniform-row-codes-every", "row codes"),
    ("column-codes", "uniform-column-codes", "column codes"),
    ("gaps", "sparse-rans", "gaps beside tokens"),
)
"""Files whose need for memory has a term each; the least is stated in all valid files."""


def add(suite: Suite) -> None:
    """Add files that need all the memory they state, and more; and coders outside of their profile."""
    _memory(suite)
    _ragged(suite)
    _coders(suite)
    _windows(suite)


def _stated(suite: Suite, parent: str) -> int:
    return int.from_bytes(dict(suite.built(parent).fields)[MEMORY], "little")


def _memory(suite: Suite) -> None:
    for name, parent, comment in TERMS:
        suite.fault(
            f"working-memory-{name}", parent, MEMORY, u32(_stated(suite, parent) - 1), "E_LIMIT", "R-110",
            f"a byte less than is needed: {comment}", at="TENSOR[0]",
        )  # fmt: skip
    parent = "planes-packed"
    for value in (2**31, 2**32 - 1):
        suite.valid(
            f"working-memory-{value}", "more working memory than is needed", "R-110",
            file=replace(suite.file(parent), memory=value),
        )  # fmt: skip
    suite.fault(
        "working-memory-0", parent, MEMORY, u32(0), "E_LIMIT", "R-110", "no working memory at all",
        at="TENSOR[0]",
    )  # fmt: skip


def _ragged(suite: Suite) -> None:
    """Add sections with ragged views, whose payloads are kept: they add up."""
    two = [uniform(FLOAT32, ragged([5, 7]), list(range(12))) for _ in range(2)]
    name = "ragged-twice"
    suite.valid(name, "two ragged sections, whose payloads are in memory together", "R-110 R-501", *two)
    suite.fault(
        "working-memory-ragged-twice", name, MEMORY, u32(_stated(suite, name) - 1), "E_LIMIT", "R-110 R-501",
        "a byte less than the second section needs beside the payload of the first", at="TENSOR[1]",
    )  # fmt: skip


def _coders(suite: Suite) -> None:
    tokens = bytes(range(24))
    for name, profile, coder in (
        ("device-packed", DEVICE, Packed(5)),
        ("device-rans", DEVICE, Rans(2)),
        ("device-huffman", DEVICE, Huffman(1)),
        ("main-zstd", MAIN, Zstd()),
        ("full-zstd", FULL, Zstd()),
        ("full-bzip2", FULL, Bzip2()),
    ):
        record = planes(OPAQUE1, matrix(24), tokens, [coder])
        suite.valid(
            f"profile-{name}", f"a coder of the profile: {name}", "R-416 R-790",
            file=File([record], profile=profile),
        )  # fmt: skip
    for own, low in (
        ("main-zstd", DEVICE),
        ("full-zstd", DEVICE),
        ("full-bzip2", MAIN),
        ("full-bzip2", DEVICE),
    ):
        suite.fault(
            f"profile-{own}-in-{low}", f"profile-{own}", "header.profile", bytes([low]), "E_PROFILE", "R-416",
            f"a coder that profile {low} has not", at="TENSOR[0].plane[0].coder",
        )  # fmt: skip
    levels = list(range(-6, 6))
    for name, profile, block in (
        ("zstd", MAIN, Integers(Zstd())),
        ("bzip2", FULL, Integers(Bzip2())),
        ("gaps", MAIN, Integers(Packed(), sparse=Sparse(0, (1, 4), Zstd()))),
    ):
        integers = [7 if place in (1, 4) else 0 for place in range(12)] if name == "gaps" else levels
        record = uniform(FLOAT32, matrix(12), integers, block)
        suite.valid(
            f"profile-integers-{name}", f"an integer block with {name}", "R-399 R-416",
            file=File([record], profile=profile),
        )  # fmt: skip
        field = "gaps.coder" if name == "gaps" else "flags"
        suite.fault(
            f"profile-integers-{name}-in-{profile - 1}", f"profile-integers-{name}", "header.profile",
            bytes([profile - 1]), "E_PROFILE", "R-416" if name == "gaps" else "R-399",
            f"an integer block with a coder that profile {profile - 1} has not",
            at=f"TENSOR[0].levels.{field}",
        )  # fmt: skip


def _windows(suite: Suite) -> None:
    """Add windows of GRAPH: 2^16 bytes are the most that profile Device allows."""
    output = Output(None, (b"x" * 3000,))
    for name, window, profile, is_valid in (
        ("device", 6 << 3, DEVICE, True),
        ("main", 6 << 3 | 1, MAIN, True),
        ("device-too-large", 6 << 3 | 1, DEVICE, False),
    ):
        file = File(outputs=[output], profile=profile, frame=Frame(window=window))
        if is_valid:
            suite.valid(
                f"graph-window-{name}", f"a window of GRAPH for profile {profile}", "R-015", file=file
            )
        else:
            suite.fault(
                f"graph-window-{name}", "graph-window-main", "header.profile", bytes([profile]), "E_ZSTD",
                "R-015", "a window of 2^16 + 2^13 bytes in profile Device", at="GRAPH",
            )  # fmt: skip

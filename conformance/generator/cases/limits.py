"""Limits that a caller sets a decoder, and numbers that ask for more than there is (SPEC.md, clause 11)."""

from __future__ import annotations

from conformance.generator.fields import varint
from conformance.generator.suite import Suite
from conformance.generator.vector import CallerLimit, Fault

PARENT = "external"
PLENTY = 1 << 40
"""More than any decoder needs for files as small as these."""


def add(suite: Suite) -> None:
    """Add files with what happens under a caller's limits."""
    _valid(suite)
    _bad(suite)


def _limits(what: str, enough: int, too_little: int) -> list[CallerLimit]:
    """Return what is enough, what is too little, and nothing at all."""
    fault = Fault("E_MEMORY", 28)
    return [CallerLimit(what, enough, None), *(CallerLimit(what, n, fault) for n in sorted({too_little, 0}))]


def _valid(suite: Suite) -> None:
    for parent in ("external", "shared-tables", "empty", "uniform-row-codes-every"):
        file = suite.file(parent)
        size = sum(map(len, file.contents()))
        suite.valid(
            f"memory-{parent}", f"the file {parent}, with much memory and with hardly any", "R-700 R-701",
            file=file, caller_limits=_limits("memory", PLENTY, 1000),
        )  # fmt: skip
        if size:
            suite.valid(
                f"output-{parent}", f"the file {parent}, which gives {size} bytes", "R-701", file=file,
                caller_limits=_limits("output", size, size - 1),
            )  # fmt: skip


def _bad(suite: Suite) -> None:
    digest = bytes(16)
    for name, field, at, comment in (
        ("graph", "directory[0].digest", "GRAPH", "the digest of GRAPH is wrong, which comes later"),
        (
            "tensor",
            "directory[1].digest",
            "TENSOR[0]",
            "the digest of a TENSOR section is wrong, which comes last",
        ),
    ):
        suite.bad(
            f"memory-before-{name}", PARENT, "E_DIGEST", at, "R-701", comment, {field: digest},
            features="precedence",
            caller_limits=[("memory", 1000, "E_MEMORY", 28)],
        )  # fmt: skip
    suite.bad(
        "memory-after-layout", PARENT, "E_TRAILING", "trailing", "R-701",
        "a byte after the last section, which comes before the bound of memory", {"trailing": b"\0"},
        features="precedence", caller_limits=[("memory", 1000, "E_TRAILING", "trailing")],
    )  # fmt: skip
    suite.bad(
        "output-before-tensor", PARENT, "E_DIGEST", "TENSOR[0]", "R-701",
        "the digest of a TENSOR section is wrong, which comes after the total size",
        {"directory[1].digest": digest}, features="precedence", caller_limits=[("output", 0, "E_MEMORY", 28)],
    )  # fmt: skip
    suite.bad(
        "output-after-graph", PARENT, "E_FILE_NAME", "GRAPH", "R-701",
        "a name beyond the graph bytes, which comes before the total size",
        {"GRAPH.file[1].name_offset": varint(100)}, features="precedence",
        caller_limits=[("output", 0, "E_FILE_NAME", "GRAPH")],
    )  # fmt: skip

"""Limits that a caller sets a decoder, and numbers that ask for more than there is (SPEC.md, clause 11)."""

from __future__ import annotations

from conformance.generator.build import Built, build
from conformance.generator.fields import u32, varint
from conformance.generator.files import File, Output
from conformance.generator.suite import CallerLimit, Fault, Suite

PARENT = "external"
MIB_256 = 256 << 20


def add(suite: Suite) -> None:
    """Add files with what happens under a caller's limits."""
    _valid(suite)
    _bad(suite)


def memory_bound(built: Built) -> int:
    """Return the bound of clause 11.2 of a valid file."""
    fields = dict(built.fields)
    count = int.from_bytes(fields["header.section_count"], "little")
    outputs = [_number(fields[f"directory[{i}].output"]) for i in range(count)]
    lengths = [_number(fields[f"directory[{i}].length"]) for i in range(count)]
    return MIB_256 + 512 * count + 6 * max(outputs[1:], default=0) + 2 * outputs[0] + 6 * max(lengths)


def _number(data: bytes) -> int:
    return sum((b & 127) << 7 * i for i, b in enumerate(data))


def _limits(what: str, least: int) -> list[CallerLimit]:
    """Return what is enough, one byte too little, and nothing at all."""
    fault = Fault("E_MEMORY", 24)
    return [CallerLimit(what, least, None), *(CallerLimit(what, n, fault) for n in (least - 1, 0))]


def _valid(suite: Suite) -> None:
    for parent in ("external", "shared-tables", "empty", "uniform-row-codes-every"):
        file = suite.file(parent)
        bound = memory_bound(suite.built(parent))
        size = sum(map(len, file.contents()))
        suite.valid(
            f"memory-{parent}", f"the file {parent}, which may need {bound} bytes of memory", "R-700 R-701",
            file=file, caller_limits=_limits("memory", bound),
        )  # fmt: skip
        if size:
            suite.valid(
                f"output-{parent}", f"the file {parent}, which gives {size} bytes", "R-701", file=file,
                caller_limits=_limits("output", size),
            )  # fmt: skip
    large = File(outputs=[Output(None, (b"x" * 2500,))])
    bound = memory_bound(build(large))
    suite.valid(
        "memory-graph", "a large GRAPH, twice in the bound of memory, and its length six times", "R-701",
        file=large, caller_limits=_limits("memory", bound),
    )  # fmt: skip


def _bad(suite: Suite) -> None:
    crc = u32(0)
    for name, field, at, comment in (
        ("graph", "directory[0].crc", "GRAPH", "the CRC of GRAPH is wrong, which comes later"),
        ("tensor", "directory[1].crc", "TENSOR[0]", "the CRC of a TENSOR section is wrong, which comes last"),
    ):
        suite.bad(
            f"memory-before-{name}", PARENT, "E_CRC", at, "R-701", comment, {field: crc},
            features="precedence",
            caller_limits=[("memory", MIB_256, "E_MEMORY", 24)],
        )  # fmt: skip
    suite.bad(
        "memory-after-layout", PARENT, "E_TRAILING", "trailing", "R-701",
        "a byte after the last section, which comes before the bound of memory", {"trailing": b"\0"},
        features="precedence", caller_limits=[("memory", MIB_256, "E_TRAILING", "trailing")],
    )  # fmt: skip
    suite.bad(
        "output-before-tensor", PARENT, "E_CRC", "TENSOR[0]", "R-701",
        "the CRC of a TENSOR section is wrong, which comes after the total size", {"directory[1].crc": crc},
        features="precedence", caller_limits=[("output", 0, "E_MEMORY", 24)],
    )  # fmt: skip
    suite.bad(
        "output-after-graph", PARENT, "E_FILE_NAME", "GRAPH", "R-701",
        "a name beyond the graph bytes, which comes before the total size",
        {"GRAPH.file[1].name_offset": varint(100)}, features="precedence",
        caller_limits=[("output", 0, "E_FILE_NAME", "GRAPH")],
    )  # fmt: skip

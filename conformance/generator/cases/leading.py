"""Ignorable sections in front of GRAPH (SPEC.md, clauses 5.2 and 14.3)."""

from __future__ import annotations

from dataclasses import replace

from conformance.generator.fields import u32
from conformance.generator.files import NOTES
from conformance.generator.suite import Suite

LEADING = "leading"


def add(suite: Suite) -> None:
    """Add good and bad files with leading sections."""
    sections = [(0x84, b"a"), (0x84, b""), (0x8E, b"bc"), (0x8F, b"d"), (NOTES, b""), (0x90, b"e")]
    suite.valid(
        LEADING, "sections in front of GRAPH, some of the same type, up to the last type",
        "R-155 R-270", file=replace(suite.file("shared-tables"), others=sections),
    )  # fmt: skip
    suite.valid(
        "leading-only", "nothing but a section in front of GRAPH and GRAPH", "R-155",
        file=replace(suite.file("graph-only"), others=[(0x8F, b"x")]),
    )  # fmt: skip
    for name, parent, entry, kind, comment in (
        ("leading-descending", LEADING, 3, 0x8D, "sections in front of GRAPH are not in ascending order"),
        ("leading-notes", LEADING, 3, NOTES, "NOTES in front of GRAPH"),
        ("leading-0x90", LEADING, 3, 0x90, "a section that is not leading between one that is and GRAPH"),
        ("leading-tables", LEADING, 4, 3, "no GRAPH between leading sections and TABLES"),
        ("leading-tensor", LEADING, 4, 4, "no GRAPH between leading sections and others"),
        ("leading-last", "leading-only", 1, 0x8F, "leading sections alone: the last entry may not be one"),
        ("leading-after-graph", LEADING, 8, 0x82, "a leading section behind GRAPH, NOTES before it"),
        ("leading-after-graph-8f", LEADING, 8, 0x8F, "a leading section behind GRAPH, the last type"),
        ("leading-second-graph", LEADING, 5, 1, "a second GRAPH after leading sections"),
    ):
        place = f"directory[{entry}].type"
        suite.fault(f"order-{name}", parent, place, bytes([kind]), "E_ORDER", "R-155", comment)
    suite.bad(
        "order-leading-alone", "leading-only", "E_ORDER", "directory[0].type", "R-155",
        "one entry, of a leading section",
        {"header.section_count": u32(1)},
    )  # fmt: skip
    for number in (0, 3):
        entry = number
        digest = dict(suite.built(LEADING).fields)[f"directory[{entry}].digest"]
        suite.bad(
            f"digest-of-leading-{number}", LEADING, "E_DIGEST", f"IGNORABLE[{number}]", "R-160 R-163 R-271",
            "the digest of a section in front of GRAPH is wrong",
            {f"directory[{entry}].digest": bytes([digest[0] ^ 1]) + digest[1:]},
        )  # fmt: skip

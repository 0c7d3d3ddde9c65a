"""Edits that make one file of another, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from conformance.generator.build import Built


@dataclass(frozen=True)
class Edit:
    """Bytes of a parent to be replaced by others."""

    offset: int
    remove: bytes
    insert: bytes


def patch(before: Built, after: Built) -> Iterator[Edit]:
    """Yield the edits that turn one file into the other, field by field."""
    starts = [0]
    for _, data in before.fields:
        starts.append(starts[-1] + len(data))
    matcher = SequenceMatcher(None, before.fields, after.fields, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        old = b"".join(data for _, data in before.fields[i1:i2])
        new = b"".join(data for _, data in after.fields[j1:j2])
        same = 0
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        tail = 0
        while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        if old != new:
            yield Edit(starts[i1] + same, old[same : len(old) - tail], new[same : len(new) - tail])

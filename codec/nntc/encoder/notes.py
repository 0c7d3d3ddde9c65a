"""NOTES section: what the encoder knows and a decoder does not need.

Implements SPEC.md 6.6 and 16 (R-905).
"""

from __future__ import annotations

from collections.abc import Sequence

from nntc.encoder.container import NewSection
from nntc.encoder.report import TensorReport
from nntc.format.notes import NOTES, VERSION, NotesContent, quality_of
from nntc.format.registry import SectionType


def notes_section(reports: Sequence[TensorReport]) -> NewSection:
    """Return the section: a quality byte for each part of each record, in order, and the encoder's name."""
    qualities = bytes(quality_of(report.error) for report in reports)
    encoder = b"nntc"
    content = NotesContent(VERSION, len(qualities), qualities, len(encoder), encoder)
    return NewSection(SectionType.NOTES, NOTES.write(content), 0)

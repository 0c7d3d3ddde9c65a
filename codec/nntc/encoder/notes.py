"""NOTES section: what the encoder knows and a decoder does not need (SPEC.md, "NOTES section")."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nntc.encoder.container import NewSection
from nntc.encoder.report import TensorReport
from nntc.format.layout import VARINT, build
from nntc.format.registry import SectionType

EXACT = 0


def notes_section(reports: Sequence[TensorReport]) -> NewSection:
    """Return the section: a quality byte for each part of each record, in order, and the encoder's name."""
    qualities = bytes(_quality(report.error) for report in reports)
    encoder = b"nntc"
    body = b"\x00" + build(VARINT, len(qualities)) + qualities + build(VARINT, len(encoder)) + encoder
    return NewSection(SectionType.NOTES, body, 0)


def _quality(error: float) -> int:
    """Return the quality byte of a relative error: half decibels from 2 on."""
    if error == 0:
        return EXACT
    return min(255, max(2, round(2 - 40 * math.log10(error))))

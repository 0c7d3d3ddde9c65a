"""Content of NOTES: a quality for each part, and the encoder's name.

Implements SPEC.md 6.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from nntc.format.fields import Layout, Raw, VarInt, u8

VERSION = 0
EXACT, UNKNOWN = 0, 1
_LOWEST, _HIGHEST = 2, 255


@dataclass(frozen=True, slots=True)
class NotesContent:
    """The fields as they are stored."""

    version: int
    count: int
    quality: bytes
    name_length: int
    name: bytes


NOTES = Layout(
    NotesContent,
    version=u8(),
    count=VarInt(),
    quality=Raw(lambda fields, _: fields["count"], "qualities"),
    name_length=VarInt(),
    name=Raw(lambda fields, _: fields["name_length"], "name"),
)


def quality_of(error: float) -> int:
    """Return the code of a relative error: half decibels from 2 on."""
    if error == 0:
        return EXACT
    return min(_HIGHEST, max(_LOWEST, round(_LOWEST - 40 * math.log10(error))))


def error_of(quality: int) -> float | None:
    """Return the relative error that a code stands for; None where it is unknown."""
    if quality == EXACT:
        return 0.0
    return None if quality == UNKNOWN else float(10 ** ((_LOWEST - quality) / 40))

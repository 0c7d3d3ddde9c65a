"""Notes of an encoder about its work.

Implements SPEC.md 6.6 (R-272).
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.notes import NOTES, VERSION, error_of


@dataclass(frozen=True, slots=True)
class Notes:
    """Content of a NOTES section.

    Parameters
    ----------
    errors
        For each part of each TENSOR section the relative error, 0 for exact, None for unknown.
    encoder
        Name and version of the encoder.
    """

    errors: tuple[float | None, ...]
    encoder: str


def read_notes(data: bytes, parts: int) -> Notes | None:
    """Return the notes, or None where they are not what the specification says [R-272].

    Parameters
    ----------
    data
        The section.
    parts
        Number of parts of all TENSOR sections.
    """
    stream = SectionStream(data, 0)
    try:
        content = NOTES.read(stream)
        stream.finish("NOTES section")
        encoder = content.name.decode()
    except (FormatError, UnicodeDecodeError):
        return None
    if content.version != VERSION or content.count != parts:
        return None
    return Notes(tuple(error_of(quality) for quality in content.quality), encoder)

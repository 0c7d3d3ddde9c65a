"""What an encoder noted about its work (SPEC.md, "NOTES")."""

from __future__ import annotations

from dataclasses import dataclass

from nntc.errors import FormatError
from nntc.format.layout import VARINT, SectionStream, parse

_VERSION = 0
_EXACT, _UNKNOWN = 0, 1


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
        version = stream.take(1, "version")[0]
        count = parse(VARINT, stream)
        if version != _VERSION or count != parts:
            return None
        qualities = stream.take(count, "qualities")
        encoder = stream.take(parse(VARINT, stream), "name").decode()
        stream.finish("NOTES section")
    except (FormatError, UnicodeDecodeError):
        return None
    return Notes(tuple(_error(quality) for quality in qualities), encoder)


def _error(quality: int) -> float | None:
    if quality == _EXACT:
        return 0.0
    return None if quality == _UNKNOWN else float(10 ** ((2 - quality) / 40))

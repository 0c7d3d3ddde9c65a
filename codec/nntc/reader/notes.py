"""Notes of an encoder about its work.

Implements SPEC.md 6.6 (R-272).
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.notes import NOTES, VERSION, NotedMeasure, NotedSamples, NotesContent, read_errors


@dataclass(frozen=True, slots=True)
class OutputNote:
    """How far the decoded model's outputs are from the original's, as the encoder measured it.

    Parameters
    ----------
    measure
        What the divergence is: KL divergence in nats, relative squared error, or a mean over unlike outputs.
    samples, measured_on
        Number of samples, and which they were.
    divergence
        Mean over the samples, binary32.
    """

    measure: NotedMeasure
    samples: int
    measured_on: NotedSamples
    divergence: float


@dataclass(frozen=True, slots=True)
class Notes:
    """Content of a NOTES section.

    Parameters
    ----------
    errors
        For each part of each TENSOR section the relative error, 0 for exact, None for unknown.
    outputs
        How far the outputs are from the original's; None if that is not noted.
    encoder
        Name and version of the encoder.
    """

    errors: tuple[float | None, ...]
    outputs: OutputNote | None
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
    return Notes(tuple(read_errors(content.error)), _outputs(content), encoder)


def _outputs(content: NotesContent) -> OutputNote | None:
    if content.samples is None or content.measured_on is None or content.divergence is None:
        return None
    return OutputNote(content.measure, content.samples, content.measured_on, content.divergence)

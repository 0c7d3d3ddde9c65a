"""Check what an encoder has written: whether it is a valid file, and keeps clause 16 of SPEC.md.

Of R-901 to R-904 a file shows what decoding it shows: hashes, names and values are those of valid files.
Whether they are also those of the model only its owner can tell (`nntc verify FILE ORIGINAL`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from nntc.conformance.noted_errors import wrong_errors
from nntc.decoder.directory import Directory, Section, read_directory, read_section
from nntc.decoder.graph import graph_of
from nntc.decoder.model import verify
from nntc.decoder.payloads import read_parse_context, read_record
from nntc.decoder.tensor.record import TensorRecord, working_memory
from nntc.errors import FormatError, ModelError
from nntc.format.container import MAJOR, MINOR
from nntc.format.frames import frame_window, profile_of_window
from nntc.format.registry import Coder, Profile, SectionType
from nntc.limits import NO_LIMITS
from nntc.reader.container import Container
from nntc.reader.index import entries_of
from nntc.reader.indexed import index_of
from nntc.reader.notes import read_notes
from nntc.sources.source import Source, SourceLike, opened

PRIVATE_TYPES = 0xF0


@dataclass(frozen=True, slots=True)
class Finding:
    """What an encoder has done wrong (an error), or could do better (advice).

    Parameters
    ----------
    requirement
        Of SPEC.md, None for a SHOULD.
    id, offset
        What a decoder reports, where the file is not valid; the place alone where it is.
    """

    level: Literal["error", "advice"]
    text: str
    requirement: str | None = None
    id: str | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found, and what the file says about itself as far as it could be read.

    Parameters
    ----------
    size, output
        Bytes of the file, and of what it decodes to.
    needs
        What in it only profile Main has.
    memory_bound
        Bytes of memory that decoding needs at most.
    """

    size: int
    version: str | None = None
    profile: str | None = None
    needs: tuple[str, ...] = ()
    output: int | None = None
    memory_bound: int | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether no requirement is broken."""
        return all(finding.level != "error" for finding in self.findings)


def check(
    source: SourceLike, original: str | os.PathLike[str] | None = None, *, follow_links: bool = False
) -> CheckResult:
    """Decode a whole `.nntc` file, keeping nothing, and say what is wrong with it.

    Parameters
    ----------
    source
        The file.
    original
        Path of the model that it was made from: the errors in NOTES are compared with the true ones then.
    follow_links
        Whether links may lead to external data of the original that is not in its folder.

    Raises
    ------
    OSError, SourceError
        It cannot be read.
    ModelError
        The original is at fault.
    """
    with opened(source) as file:
        result = _check(file)
        if original is None or not result.conforms:
            return result
        errors = wrong_errors(file, original, follow_links=follow_links)
        wrong = (Finding("error", text, "R-272") for text in errors)
        return replace(result, findings=(*result.findings, *wrong))


def _check(source: Source) -> CheckResult:
    result = CheckResult(source.size)
    try:
        directory = read_directory(source)
        result = replace(
            result,
            version=f"{MAJOR}.{directory.minor}",
            profile=directory.profile.name.lower(),
            memory_bound=directory.memory_bound(),
        )
        result = replace(result, output=verify(source).size)
    except FormatError as e:
        return replace(result, findings=(Finding("error", e.message, "R-900", e.id, e.offset),))
    coders = {coder for record in _records(source, directory) for coder in record.coders}
    needs = tuple(coder.name.lower() for coder in sorted(coders) if coder.profile > Profile.DEVICE)
    return replace(result, needs=needs, findings=tuple(_findings(source, directory, coders)))


def _records(source: Source, directory: Directory) -> Iterator[TensorRecord]:
    around = read_parse_context(source, directory, graph_of(source, directory).bases)
    return (read_record(source, section, around) for section in directory.tensors)


def _findings(source: Source, directory: Directory, coders: set[Coder]) -> Iterator[Finding]:
    if directory.minor != MINOR:
        text = f"minor version is {directory.minor}, of this format {MINOR}"
        yield Finding("error", text, "R-900", offset=9)
    window = frame_window(read_section(source, directory.graph))
    profile = max([profile_of_window(window), *(coder.profile for coder in coders)])
    if directory.profile > profile:
        text = f"SHOULD declare {profile.name.title()}: nothing beyond it is used"
        yield Finding("advice", text, offset=11)
    least = working_memory(_records(source, directory))
    if directory.working_memory != least:
        text = f"working_memory is {directory.working_memory}, though {least} is enough"
        yield Finding("error", text, "R-906", offset=20)
    notes = [section for section in directory.others if section.type == SectionType.NOTES]
    for section in notes[1:]:
        yield Finding("error", "more than one NOTES section", "R-905", offset=section.offset)
    if notes and _notes_are_odd(source, directory, notes[0]):
        text = "NOTES do not fit their table: tools ignore them"
        yield Finding("advice", text, "R-272", offset=notes[0].offset)
    yield from _index_findings(source, directory)
    for section in directory.others:
        if section.type not in (SectionType.NOTES, SectionType.INDEX) and section.type < PRIVATE_TYPES:
            text = f"section type 0x{section.type:02x} is not assigned (0xf0 to 0xff are for private use)"
            yield Finding("advice", text, offset=section.offset)


def _index_findings(source: Source, directory: Directory) -> Iterator[Finding]:
    indexes = [section for section in directory.others if section.type == SectionType.INDEX]
    for section in indexes[1:]:
        yield Finding("error", "more than one INDEX section", "R-907", offset=section.offset)
    if not indexes:
        return
    index, at = index_of(source, directory), indexes[0].offset
    if index is None:
        yield Finding("error", "INDEX does not fit its tables: tools ignore it", "R-907", offset=at)
        return
    try:
        with Container(source, limits=NO_LIMITS) as container:
            held = sorted(entries_of(container.graph_tensors), key=lambda entry: entry.name)
    except ModelError as e:
        yield Finding("error", f"INDEX of what is no ONNX model: {e.message}", "R-907", offset=at)
        return
    if list(index.values()) != held:
        yield Finding("error", "INDEX does not say what GRAPH does", "R-907", offset=at)


def _notes_are_odd(source: Source, directory: Directory, section: Section) -> bool:
    parts = sum(record.part_ends().size for record in _records(source, directory))
    return read_notes(read_section(source, section), parts) is None

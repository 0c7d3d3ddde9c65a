"""GRAPH content: output files, their hashes, and where payloads are spliced in (SPEC.md, "GRAPH section")."""

from __future__ import annotations

from dataclasses import dataclass

from codec.decoder.entropy.general import unzstd
from codec.errors import FormatError
from codec.format import layout as f
from codec.format.layout import SectionStream, parse
from codec.format.names import is_plain_file_name
from codec.format.registry import MAX_SPLICES


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that decoding writes.

    Parameters
    ----------
    name
        Plain file name; None for the model itself, whose name the user chooses.
    """

    size: int
    sha256: bytes
    name: str | None


@dataclass(frozen=True, slots=True)
class Splice:
    """A run of skeleton bytes and the payload part behind it.

    Parameters
    ----------
    run
        Skeleton bytes before the part.
    tensor, part
        Number of the TENSOR section and of the part in it.
    repeats
        Number of an earlier splice whose bytes these are, or None.
    """

    run: int
    tensor: int
    part: int
    repeats: int | None


@dataclass(frozen=True, slots=True)
class Graph:
    """Parsed GRAPH content.

    Parameters
    ----------
    parts
        How many parts of each TENSOR section the splices use.
    skeleton
        All files' bytes without payloads, back to back.
    """

    files: tuple[OutputFile, ...]
    splices: tuple[Splice, ...]
    parts: tuple[int, ...]
    skeleton: memoryview
    offset: int


def read_graph(data: bytes, offset: int, output: int, tensors: int) -> Graph:
    """Decompress and parse a GRAPH section.

    Parameters
    ----------
    data, offset
        The section's bytes and their place in the file: every error is reported there, since
        decompressed content has no offset of its own.
    output
        Size of the content.
    tensors
        Number of TENSOR sections.

    Raises
    ------
    FormatError
        E_ZSTD, E_LIMIT, E_FILE_NAME, E_SPLICE, E_TRUNCATED, E_VARINT.
    """
    stream = SectionStream(unzstd(data, output, offset), offset, opaque=True)
    count = parse(f.FILE_COUNT, stream)
    heads = []
    for number in range(count):
        file = parse(f.FILE, stream)
        heads.append((file.size, file.sha256, parse(f.FILE_NAME, stream) if number else None))
    splices, parts = _read_splices(stream, tensors)
    skeleton = memoryview(stream.getvalue())[stream.tell() :]
    first_runs = sum(splice.run for splice in splices)
    if first_runs > len(skeleton):
        raise FormatError("E_SPLICE", "splices need more graph bytes than there are", offset)
    files = []
    taken: set[str] = set()
    for size, sha256, place in heads:
        name = None
        if place is not None:
            raw = bytes(skeleton[place.offset : place.offset + place.length])
            if len(raw) != place.length or not is_plain_file_name(raw):
                raise FormatError("E_FILE_NAME", "not a plain file name", offset)
            name = raw.decode()
            if name.lower() in taken:
                raise FormatError("E_FILE_NAME", "file name occurs twice", offset)
            taken.add(name.lower())
        files.append(OutputFile(size, sha256, name))
    return Graph(tuple(files), splices, parts, skeleton, offset)


def _read_splices(stream: SectionStream, tensors: int) -> tuple[tuple[Splice, ...], tuple[int, ...]]:
    count = parse(f.SPLICE_COUNT, stream)
    splices: list[Splice] = []
    parts: list[int] = []
    for index in range(min(count, MAX_SPLICES)):
        entry = parse(f.SPLICE, stream)
        distance = (entry.piece + 1) // 2
        if entry.piece == 0:
            if len(parts) == tensors:
                raise FormatError("E_SPLICE", "splices open more sections than there are", stream.base)
            splices.append(Splice(entry.run, len(parts), 0, None))
            parts.append(1)
        elif entry.piece % 2:
            if distance > len(parts):
                raise FormatError("E_SPLICE", "splice refers to a section before the first", stream.base)
            tensor = len(parts) - distance
            splices.append(Splice(entry.run, tensor, parts[tensor], None))
            parts[tensor] += 1
        else:
            if distance > index:
                raise FormatError("E_SPLICE", "splice refers to one before the first", stream.base)
            origin = splices[index - distance]
            splices.append(Splice(entry.run, origin.tensor, origin.part, index - distance))
    if len(parts) != tensors:
        raise FormatError("E_SPLICE", "a TENSOR section is not used", stream.base)
    return tuple(splices), tuple(parts)

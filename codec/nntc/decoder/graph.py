"""GRAPH content, parsed: base and output files, their hashes, and where payloads are spliced in.

Implements SPEC.md 6.1 to 6.3 (R-200, R-206, R-207, R-212, R-220).
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.decoder.directory import Directory, read_section
from nntc.decoder.entropy.general import unzstd
from nntc.decoder.splices import Splices, read_splices
from nntc.errors import FormatError
from nntc.format.container import MAX_EXPANSION
from nntc.format.fields import SectionStream
from nntc.format.frames import MAX_WINDOW, largest_window
from nntc.format.graph import BASE_COUNT, BASE_FILE, FILE, FILE_COUNT, BaseFile, File
from nntc.format.names import Names, is_file_name
from nntc.sources.source import Source


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that decoding writes.

    Parameters
    ----------
    name
        Relative path, `/` between its components; None for the model itself, whose name the user chooses.
    """

    size: int
    sha256: bytes
    name: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Parsed GRAPH content.

    Parameters
    ----------
    skeleton
        All files' bytes without payloads, back to back.
    offset
        Where the section begins.
    bases
        Files that an update is decoded with.
    """

    files: tuple[OutputFile, ...]
    splices: Splices
    skeleton: memoryview
    offset: int
    bases: tuple[BaseFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all output files."""
        return sum(file.size for file in self.files)


def graph_of(source: Source, directory: Directory) -> Graph:
    """Read a file's GRAPH section; raises as `read_graph` does, and E_DIGEST."""
    section, tensors = directory.graph, len(directory.tensors)
    data, window = read_section(source, section), largest_window(directory.profile)
    return read_graph(data, section.offset, section.output, tensors, source.size, window)


def read_graph(
    data: bytes, offset: int, output: int, tensors: int, file_size: int, window: int = MAX_WINDOW
) -> Graph:
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
    file_size
        Size of the whole `.nntc` file.
    window
        Largest window of the zstd frame that its profile allows.

    Raises
    ------
    FormatError
        E_ZSTD, E_TRUNCATED, E_VARINT, E_LIMIT, E_EXPANSION, E_SPLICE, E_FILE_NAME.
    """
    stream = SectionStream(unzstd(data, output, offset, window), offset, opaque=True)
    bases = tuple(BASE_FILE.read(stream) for _ in range(BASE_COUNT.read(stream)))
    heads = [FILE.read(stream, number=number) for number in range(FILE_COUNT.read(stream, size=file_size))]
    most = MAX_EXPANSION * file_size + sum(base.size for base in bases)
    if sum(head.size for head in heads) > most:
        raise FormatError("E_EXPANSION", "output files are too large for the file", offset)
    splices = read_splices(stream, tensors, file_size, bases)
    skeleton = memoryview(stream.getvalue())[stream.tell() :]
    if sum(splices.runs) > len(skeleton):
        raise FormatError("E_SPLICE", "splices need more graph bytes than there are", offset)
    names = Names()
    files = []
    for head in heads:
        name = _read_name(skeleton, head, offset)
        if name is not None and not names.add(name):
            raise FormatError("E_FILE_NAME", "file name is another one's, or a folder of it", offset)
        files.append(OutputFile(head.size, head.sha256, name))
    return Graph(tuple(files), splices, skeleton, offset, bases)


def _read_name(skeleton: memoryview, head: File, offset: int) -> str | None:
    """Return the name of a file, None for the model."""
    if head.name_offset is None or head.name_length is None:
        return None
    name = bytes(skeleton[head.name_offset : head.name_offset + head.name_length])
    if len(name) != head.name_length or not is_file_name(name):
        raise FormatError("E_FILE_NAME", "not a file name that may be written", offset)
    return name.decode()

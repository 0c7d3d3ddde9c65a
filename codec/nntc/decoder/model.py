"""A whole model: payloads spliced into the graph bytes, every file's hash checked.

Implements SPEC.md 9.1, 9.2 and 11.2 (R-001, R-002, R-213, R-270, R-271, R-701).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nntc.arithmetic import in_standard_arithmetic
from nntc.decoder.assembly import Assembly
from nntc.decoder.base_files import BaseFiles, Bases
from nntc.decoder.directory import Directory, check_section, read_directory
from nntc.decoder.folder import FolderSink
from nntc.decoder.graph import Graph, graph_of
from nntc.decoder.payloads import Decoded, decode_sections, read_parse_context
from nntc.decoder.signatures import check_signatures
from nntc.decoder.sink import CheckSink, MemorySink, Sink
from nntc.decoder.splices import BASE, FRESH, Splices
from nntc.decoder.tensor.record import Payload
from nntc.errors import FormatError
from nntc.format.container import HEADER_SIZE
from nntc.limits import NO_LIMITS, Deadline, Limits
from nntc.progress import Progress
from nntc.signing.public import KeysLike, TrustedKeys
from nntc.sources.source import Source, SourceLike, opened
from nntc.sources.stream import StreamSource

__all__ = ["DecodeResult", "DecodedFile", "Progress", "decode", "decode_bytes", "verify"]


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A file that decoding produced, checked against its hash."""

    name: str | None
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What decoding produced, the model first.

    Parameters
    ----------
    signed_by
        Ids of the keys that were demanded and have signed.
    """

    files: tuple[DecodedFile, ...]
    signed_by: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@in_standard_arithmetic
def decode(
    source: SourceLike,
    target: str | os.PathLike[str],
    *,
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    replace_external: bool = False,
    require_key: KeysLike | None = None,
    progress: Progress | None = None,
    base: Bases = (),
    via: Sequence[SourceLike] = (),
) -> DecodeResult:
    """Decode a `.nntc` file into the model it was made from.

    Parameters
    ----------
    source
        Path, URL, bytes, or anything with `size` and `read(offset, length)`.
    target
        Path of the ONNX file; replaced only by a complete one. External data goes below the same folder,
        under the names that the model itself has for it.
    jobs
        Threads; never changes the result.
    limits
        What the input may take; anything by default. `Limits()` suits files of strangers.
    replace_external
        Whether external data may replace existing files, go into existing folders, and have names that begin
        with a dot in a folder that is not empty.
    require_key
        Public keys of Ed25519 one of which must have signed the file, or `TrustedKeys` where more must: PEM
        files, their content, or 32 bytes. It is checked before anything but header and directory is read.
    progress
        Called with events of phase `DECODING`; bytes written are steps.
    base
        What an update needs: the model before it as it was decoded, or the `.nntc` file that it was decoded
        from; several files in any order. External data beside such a model is found.
    via
        Updates between `base` and this one, in their order; they are decoded to a temporary folder.

    Raises
    ------
    FormatError
        The input is at fault; nothing is left behind. E_SIGNED: it is not signed as is required; E_BASE: it
        is an update, and its base is not given.
    KeyFileError
        E_KEY: a required key is none.
    LimitError
        E_LIMIT: the input needs more than `limits` allow.
    UnsupportedError
        The input needs a newer or fuller decoder.
    SourceError
        E_SOURCE, E_SOURCE_CHANGED: the input cannot be read from its URL.
    OutputError
        E_OUTPUT_EXISTS, E_OUTPUT; E_OUTPUT_BUSY: another run is writing the target.
    """
    with (
        opened(source) as file,
        base_files(base, via, jobs, limits) as bases,
        FolderSink(Path(target), replace_external=replace_external) as sink,
    ):
        return _decode_to(sink, file, bases, jobs, limits, progress, require_key)


@in_standard_arithmetic
def decode_bytes(
    source: SourceLike,
    *,
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    require_key: KeysLike | None = None,
    progress: Progress | None = None,
    base: Bases = (),
    via: Sequence[SourceLike] = (),
) -> dict[str | None, bytes]:
    """Decode in memory; return the files by name, the model under None. Raises as `decode` does."""
    sink = MemorySink()
    with opened(source) as file, base_files(base, via, jobs, limits) as bases:
        _decode_to(sink, file, bases, jobs, limits, progress, require_key)
    return sink.files()


@in_standard_arithmetic
def verify(
    source: SourceLike,
    *,
    jobs: int = 1,
    limits: Limits = NO_LIMITS,
    require_key: KeysLike | None = None,
    progress: Progress | None = None,
    base: Bases = (),
    via: Sequence[SourceLike] = (),
) -> DecodeResult:
    """Decode and check everything, keeping nothing. Raises as `decode` does."""
    with opened(source) as file, base_files(base, via, jobs, limits) as bases, closing(CheckSink()) as sink:
        return _decode_to(sink, file, bases, jobs, limits, progress, require_key)


def base_files(
    base: Bases = (), via: Sequence[SourceLike] = (), jobs: int = 1, limits: Limits = NO_LIMITS
) -> BaseFiles:
    """Return the files among which the base of an update is looked for; arguments are those of `decode`."""

    def decode_into(source: Source, path: Path, before: BaseFiles) -> None:
        with FolderSink(path) as sink:
            _decode_to(sink, source, before, jobs, limits, None, None)

    return BaseFiles(base, via, decode=decode_into)


def _check_types(jobs: object, limits: object) -> None:
    """Raise TypeError for what are no threads or no limits."""
    if not isinstance(jobs, int):
        raise TypeError(f"jobs must be a whole number, not {jobs!r}")
    if not isinstance(limits, Limits):
        raise TypeError(f"limits must be nntc.Limits, not {limits!r}")


def _decode_to(
    sink: Sink,
    source: Source,
    bases: BaseFiles,
    jobs: int,
    limits: Limits,
    progress: Progress | None,
    require_key: KeysLike | None,
) -> DecodeResult:
    _check_types(jobs, limits)
    trusted = None if require_key is None else TrustedKeys.of(require_key)
    deadline = Deadline(limits)
    directory = read_directory(source, limits.memory)
    signed_by = () if trusted is None else check_signatures(source, directory, trusted)
    graph = graph_of(source, directory)
    if limits.output is not None and graph.size > limits.output:
        message = f"decoding gives {graph.size:,} bytes, and {limits.output:,} are allowed (output)"
        raise FormatError("E_MEMORY", message, HEADER_SIZE)
    limits.check("files", len(graph.files), "files are written")
    base = bases.find(graph)
    context = read_parse_context(source, directory, graph.bases)
    if isinstance(sink, MemorySink) and graph.size <= _most_output(directory, graph):
        sink.expect(file.size for file in graph.files)
    assembly = Assembly(sink, graph, progress)
    position = 0
    memory = directory.memory_bound() if limits.memory is None else limits.memory
    with closing(decode_sections(source, directory.tensors, context, jobs, memory, base)) as decoded:
        parts = _Parts(graph.splices, directory, decoded)
        for number, run in enumerate(graph.splices.runs):
            assembly.write(graph.skeleton[position : position + run])
            position += run
            origin = graph.splices.origins[number]
            if origin != FRESH:
                assembly.repeat(origin)
            elif graph.splices.tensors[number] == BASE:
                assembly.copy(base.read, *graph.splices.range(number))
            else:
                assembly.write_piece(parts.take(number).data)
            deadline.check()
        assembly.write(graph.skeleton[position:])
    assembly.finish()
    for section in directory.others:
        check_section(source, section)
    if isinstance(source, StreamSource):
        source.finish()
    assembly.check_hashes()
    files = (DecodedFile(file.name, file.size, file.sha256.hex()) for file in graph.files)
    return DecodeResult(tuple(files), signed_by)


def _most_output(directory: Directory, graph: Graph) -> int:
    """Return the bytes that files have together if nothing is repeated: what may be taken at once."""
    return sum(section.output for section in directory.sections) + sum(file.size for file in graph.bases)


class _Parts:
    """Payload parts by section, decoded in order and kept until the last of them is used."""

    def __init__(self, splices: Splices, directory: Directory, decoded: Iterator[Decoded]) -> None:
        self._splices = splices
        self._sections = directory.tensors
        self._decoded = decoded
        self._kept: dict[int, tuple[Payload, NDArray[np.int64]]] = {}

    def take(self, splice: int) -> Payload:
        """Return the part that a splice inserts; E_SPLICE at a section whose parts are not all used."""
        tensor, part = self._splices.tensors[splice], self._splices.parts[splice]
        if part == 0:
            record, payload = next(self._decoded)
            self._kept[tensor] = payload, record.part_ends()
            if self._kept[tensor][1].size != self._splices.used[tensor]:
                offset = self._sections[tensor].offset
                raise FormatError("E_SPLICE", "splices use another number of parts", offset)
        payload, ends = self._kept[tensor]
        if part == ends.size - 1:
            del self._kept[tensor]
        return payload[ends[part - 1] if part else 0 : ends[part]]

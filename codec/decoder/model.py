"""A whole model: splice decoded payloads into the graph bytes and check every file's hash."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from codec.decoder.container import Directory, read_directory, read_section
from codec.decoder.graph import Graph, OutputFile, read_graph
from codec.decoder.payloads import Decoded, decode_sections, read_surroundings
from codec.decoder.sink import FolderSink, MemorySink, Sink
from codec.decoder.source import Source, SourceLike, as_source
from codec.decoder.tensor.record import Payload
from codec.errors import FormatError

Progress = Callable[[int, int], None]
_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """A file that decoding produced, checked against its hash."""

    name: str | None
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What decoding produced, the model first."""

    files: tuple[DecodedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def decode(
    source: SourceLike,
    target: str | os.PathLike[str],
    *,
    jobs: int = 1,
    max_memory: int | None = None,
    replace_external: bool = False,
    progress: Progress | None = None,
) -> DecodeResult:
    """Decode a `.nntc` file into the model it was made from.

    Parameters
    ----------
    source
        Path, bytes, or anything with `size` and `read(offset, length)`.
    target
        Path of the ONNX file; replaced only by a complete one. External data goes beside it, under the
        plain file names that the model itself has for it.
    jobs
        Threads; never changes the result.
    max_memory
        Refuse an input whose declared memory bound is above this many bytes.
    replace_external
        Whether external data may replace existing files.
    progress
        Called with bytes written and bytes in all.

    Raises
    ------
    FormatError
        The input is at fault; nothing is left behind.
    UnsupportedError
        The input needs a newer or fuller decoder.
    OutputError
        E_OUTPUT_EXISTS, E_OUTPUT.
    """
    with FolderSink(Path(target), replace_external=replace_external) as sink:
        return _decode_to(sink, as_source(source), jobs, max_memory, progress)


def decode_bytes(
    source: SourceLike, *, jobs: int = 1, max_memory: int | None = None, progress: Progress | None = None
) -> dict[str | None, bytes]:
    """Decode in memory; return the files by name, the model under None. Raises as `decode` does."""
    sink = MemorySink()
    _decode_to(sink, as_source(source), jobs, max_memory, progress)
    return sink.files()


def verify(
    source: SourceLike, *, jobs: int = 1, max_memory: int | None = None, progress: Progress | None = None
) -> DecodeResult:
    """Decode and check everything, keeping nothing. Raises as `decode` does."""
    with tempfile.TemporaryDirectory(prefix="nntc-") as folder:
        sink = FolderSink(Path(folder) / "model.onnx")
        try:
            return _decode_to(sink, as_source(source), jobs, max_memory, progress)
        finally:
            sink.discard()


def _decode_to(
    sink: Sink, source: Source, jobs: int, max_memory: int | None, progress: Progress | None
) -> DecodeResult:
    directory = read_directory(source, max_memory)
    section = directory.graph
    graph = read_graph(read_section(source, section), section.offset, section.output, len(directory.tensors))
    around = read_surroundings(source, directory)
    decoded = decode_sections(source, directory.tensors, around, jobs)
    writer = _Writer(sink, graph.files, section.offset, progress)
    parts = _Parts(graph, directory, decoded)
    position = 0
    spans: list[tuple[int, int, int]] = []
    for splice in graph.splices:
        writer.write(graph.skeleton[position : position + splice.run])
        position += splice.run
        if splice.repeats is None:
            part = parts.take(splice.tensor, splice.part)
            spans.append(writer.write_part(memoryview(part)))
        else:
            spans.append(writer.repeat(spans[splice.repeats]))
    writer.write(graph.skeleton[position:])
    parts.finish()
    writer.finish()
    for section in directory.others:
        read_section(source, section)
    return DecodeResult(
        tuple(DecodedFile(file.name, file.size, file.sha256.hex()) for file in graph.files)
    )


class _Parts:
    """Payload parts by section, decoded in order and kept until the last of them is used."""

    def __init__(self, graph: Graph, directory: Directory, decoded: Iterator[Decoded]) -> None:
        self._used = graph.parts
        self._sections = directory.tensors
        self._decoded = decoded
        self._opened = 0
        self._kept: dict[int, list[Payload]] = {}

    def take(self, tensor: int, part: int) -> Payload:
        """Return one part; E_SPLICE at a section whose parts are not all used."""
        if tensor == self._opened:
            record, payload = next(self._decoded)
            sizes = record.parts
            if len(sizes) != self._used[tensor]:
                raise FormatError("E_SPLICE", "splices use another number of parts", self._sections[tensor].offset)
            pieces, start = [], 0
            for size in sizes:
                pieces.append(payload[start : start + size])
                start += size
            self._kept[tensor] = pieces
            self._opened += 1
        pieces = self._kept[tensor]
        if part == len(pieces) - 1:
            del self._kept[tensor]
        return pieces[part]

    def finish(self) -> None:
        """Let the decoder report what is left to report."""
        for _ in self._decoded:
            raise AssertionError("every section has a splice")


class _Writer:
    """Cuts the stream of skeleton and parts into files and hashes them."""

    def __init__(self, sink: Sink, files: tuple[OutputFile, ...], offset: int, progress: Progress | None) -> None:
        self._sink, self._files, self._offset, self._progress = sink, files, offset, progress
        self._total = sum(file.size for file in files)
        self._written = 0
        self._file = -1
        self._left = 0
        self._hash = hashlib.sha256()
        self._next_file()

    def _next_file(self) -> None:
        """Close the current file, and any empty ones behind it, and begin the next."""
        while self._left == 0 and self._file + 1 < len(self._files):
            self._check_hash()
            self._file += 1
            self._left = self._files[self._file].size
            self._hash = hashlib.sha256()
            self._sink.begin(self._files[self._file].name)

    def _check_hash(self) -> None:
        if self._file >= 0 and self._hash.digest() != self._files[self._file].sha256:
            raise FormatError("E_HASH", "decoded file differs from the one that was encoded", 0)

    def write(self, data: memoryview) -> None:
        """Write skeleton bytes, which may go over the end of a file."""
        while data.nbytes:
            self._next_file()
            if not self._left:
                raise FormatError("E_SPLICE", "more bytes than the files hold", self._offset)
            span = data[: min(self._left, _COPY)]
            self._sink.write(span)
            self._hash.update(span)
            self._left -= span.nbytes
            self._written += span.nbytes
            data = data[span.nbytes :]
            if self._progress is not None:
                self._progress(self._written, self._total)

    def write_part(self, part: memoryview) -> tuple[int, int, int]:
        """Write a payload part within one file; return file, offset and length."""
        self._next_file()
        if part.nbytes > self._left:
            raise FormatError("E_SPLICE", "payload goes over the end of a file", self._offset)
        start = self._files[self._file].size - self._left
        self.write(part)
        return self._file, start, part.nbytes

    def repeat(self, span: tuple[int, int, int]) -> tuple[int, int, int]:
        """Write again what an earlier splice wrote."""
        file, offset, length = span
        self._next_file()
        if length > self._left:
            raise FormatError("E_SPLICE", "payload goes over the end of a file", self._offset)
        start = self._files[self._file].size - self._left
        for at in range(offset, offset + length, _COPY):
            self.write(memoryview(self._sink.reread(file, at, min(_COPY, offset + length - at))))
        return self._file, start, length

    def finish(self) -> None:
        """Check that every file is complete and sound."""
        self._next_file()
        if self._left or self._file + 1 < len(self._files):
            raise FormatError("E_SPLICE", "fewer bytes than the files hold", self._offset)
        self._check_hash()

"""Byte layouts of header, directory, GRAPH content and records (SPEC.md, field tables).

Each field carries its range and error id beside it; parsing checks a field right after reading it and
raises `FormatError` at that field's first byte. Streams are `SectionStream`s, which know where in the
file they begin. Everything structured is declared here and nowhere else, for reading and for writing.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import construct as c
import numpy as np
from numpy.typing import NDArray

from nntc.errors import FormatError
from nntc.format import registry as r
from nntc.format.dct import MAX_MIX


class SectionStream(io.BytesIO):
    """A stretch of the file as a stream that reports absolute offsets.

    Parameters
    ----------
    data
        The stretch.
    base
        Offset of its first byte in the file.
    opaque
        True where the bytes are decompressed content, which has no offsets of its own: every error
        is then reported at `base`.
    """

    def __init__(self, data: bytes, base: int, *, opaque: bool = False) -> None:
        super().__init__(data)
        self.base = base
        self.size = len(data)
        self.scale = 0 if opaque else 1

    def at(self, position: int | None = None) -> int:
        """Return the absolute offset of `position`, by default of the next byte."""
        return self.base + self.scale * (self.tell() if position is None else position)

    def take(self, length: int, what: str) -> bytes:
        """Read exactly `length` bytes or raise E_TRUNCATED where they begin."""
        start = self.tell()
        if length > self.size - start:
            raise FormatError("E_TRUNCATED", f"{what} needs {length} bytes", self.at(start))
        return self.read(length)

    def finish(self, what: str) -> None:
        """Raise E_TRAILING if bytes are left."""
        if self.tell() != self.size:
            raise FormatError("E_TRAILING", f"bytes left after {what}", self.at())


class _VarInt(c.Construct):  # type: ignore[misc]
    """Unsigned LEB128, minimal, at most 9 bytes."""

    def _parse(self, stream: SectionStream, _context: Any, _path: str) -> int:
        start = stream.tell()
        value = shift = 0
        while True:
            byte = stream.read(1)
            if not byte:
                raise FormatError("E_TRUNCATED", "integer is cut off", stream.at(start))
            value |= (byte[0] & 0x7F) << shift
            if byte[0] < 0x80:
                if byte[0] == 0 and shift:
                    raise FormatError("E_VARINT", "integer is not minimal", stream.at(start))
                return value
            shift += 7
            if shift == 63:
                raise FormatError("E_VARINT", "integer is longer than 9 bytes", stream.at(start))

    def _build(self, obj: int, stream: io.BytesIO, _context: Any, _path: str) -> int:
        value = obj
        while value >= 0x80:
            stream.write(bytes([value & 0x7F | 0x80]))
            value >>= 7
        stream.write(bytes([value]))
        return obj


class _ZigZag(c.Adapter):  # type: ignore[misc]
    """Signed integer as zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""

    def _decode(self, obj: int, _context: Any, _path: str) -> int:
        return (obj >> 1) ^ -(obj & 1)

    def _encode(self, obj: int, _context: Any, _path: str) -> int:
        return obj * 2 if obj >= 0 else -obj * 2 - 1


class _Checked(c.Subconstruct):  # type: ignore[misc]
    """A field with its range and the error id of a value outside it."""

    def __init__(self, subcon: Any, error: str, valid: Callable[[Any], bool], what: str) -> None:
        super().__init__(subcon)
        self.error, self.valid, self.what = error, valid, what

    def _parse(self, stream: SectionStream, _context: Any, _path: str) -> Any:
        start = stream.tell()
        value = self.subcon._parsereport(stream, _context, _path)
        if not self.valid(value):
            raise FormatError(self.error, f"{self.what}: {value!r}", stream.at(start))
        return value


class _Fixed(c.Construct):  # type: ignore[misc]
    """Fixed-width little-endian number."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self.struct = struct.Struct("<" + code)

    def _parse(self, stream: SectionStream, _context: Any, _path: str) -> Any:
        return self.struct.unpack(stream.take(self.struct.size, "field"))[0]

    def _build(self, obj: Any, stream: io.BytesIO, _context: Any, _path: str) -> Any:
        stream.write(self.struct.pack(obj))
        return obj


class _Take(c.Construct):  # type: ignore[misc]
    """A fixed number of bytes."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.length = length

    def _parse(self, stream: SectionStream, _context: Any, _path: str) -> bytes:
        return stream.take(self.length, "field")

    def _build(self, obj: bytes, stream: io.BytesIO, _context: Any, _path: str) -> bytes:
        stream.write(obj)
        return obj


def between(subcon: Any, low: int, high: int, error: str, what: str) -> Any:
    """Restrict an integer field to low..high, both included."""
    return _Checked(subcon, error, lambda value: low <= value <= high, what)


def one_of(subcon: Any, values: Iterable[int], error: str, what: str) -> Any:
    """Restrict an integer field to some values."""
    return _Checked(subcon, error, frozenset(values).__contains__, what)


VARINT = _VarInt()
SVARINT = _ZigZag(VARINT)
U8, U32, F32 = _Fixed("B"), _Fixed("I"), _Fixed("f")

# Header: 24 bytes. Its checks come after its CRC, so the fields are bare here (nntc.decoder.directory).
HEADER = c.Struct(
    "signature" / _Take(8),
    "major" / U8,
    "minor" / U8,
    "reader" / U8,
    "profile" / U8,
    "section_count" / U32,
    "directory_length" / U32,
    "header_crc" / U32,
)

# Directory entry. Checks between the fields are the reader's (nntc.decoder.directory).
SECTION_TYPE = _Checked(U8, "E_RESERVED", lambda value: value & 0x7F != 0, "section type")
SECTION_LENGTH = between(VARINT, 0, r.MAX_SECTION_LENGTH, "E_LIMIT", "section length")
SECTION_OUTPUT = between(VARINT, 0, r.MAX_SECTION_OUTPUT, "E_LIMIT", "section output")
DIRECTORY_ENTRY = c.Struct(
    "type" / SECTION_TYPE, "length" / SECTION_LENGTH, "output" / SECTION_OUTPUT, "crc" / U32
)

# GRAPH content
FILE_COUNT = between(VARINT, 1, r.MAX_FILES, "E_LIMIT", "file count")
FILE = c.Struct("size" / between(VARINT, 0, r.MAX_FILE_SIZE, "E_LIMIT", "file size"), "sha256" / _Take(32))
NAME_LENGTH = between(VARINT, 1, r.MAX_NAME, "E_FILE_NAME", "name length")
FILE_NAME = c.Struct("offset" / VARINT, "length" / NAME_LENGTH)
SPLICE_COUNT = between(VARINT, 0, r.MAX_SPLICES, "E_LIMIT", "splice count")
SPLICE = c.Struct("run" / VARINT, "piece" / VARINT)

# TENSOR record
TOOL_AND_TYPE = U8
VIEW_KIND = one_of(U8, r.ViewKind, "E_RESERVED", "view kind")
DIMENSION = between(VARINT, 1, r.MAX_ELEMENTS, "E_LIMIT", "view dimension")
MATRIX_VIEW = c.Struct("rows" / DIMENSION, "channels" / DIMENSION, "period" / DIMENSION)
RAGGED_ROWS = between(VARINT, 1, r.MAX_RAGGED_ROWS, "E_LIMIT", "row count")

PLANES_FLAGS = between(U8, 0, 3, "E_RESERVED", "planes flags")
COMMON_COUNT = between(U8, 1, r.MAX_COMMON, "E_LIMIT", "number of common elements")
CODEBOOK_COUNT = between(VARINT, 1, r.MAX_CODEBOOK, "E_LIMIT", "codebook size")

UNIFORM_FLAGS = _Checked(U8, "E_RESERVED", lambda value: value < 0x80 and value & 3 != 3, "uniform flags")
STEP = _Checked(F32, "E_STEP", lambda value: 2.0**-126 <= value < float("inf"), "quantization step")
OFFSET = _Checked(F32, "E_STEP", lambda value: value != 0 and abs(value) < float("inf"), "offset")
MIX = between(U8, 0, MAX_MIX, "E_RESERVED", "mix")
SEGMENT = between(VARINT, 1, r.MAX_STEPS, "E_LIMIT", "trellis segment length")

# Integer block and symbol data
INTEGER_FLAGS = _Checked(U8, "E_RESERVED", lambda value: value < 0x40 and value & 7 <= r.Coder.ZSTD, "coder")
MIN_LEVEL = between(SVARINT, -r.MAX_LEVEL, r.MAX_LEVEL, "E_LIMIT", "lowest level")
LOW_BITS = between(U8, 1, r.MAX_LOW_BITS, "E_LIMIT", "low bits")
BACKGROUND = between(SVARINT, -r.MAX_LEVEL, r.MAX_LEVEL, "E_LIMIT", "background")
CODER = one_of(U8, r.Coder, "E_RESERVED", "coder")
PACKED_WIDTH = between(U8, 1, 8, "E_RESERVED", "bit width")
RANS_MODE = between(U8, 0, 3, "E_RESERVED", "rANS mode")
CONTEXT_COUNT = between(VARINT, 2, r.MAX_CONTEXTS, "E_LIMIT", "context count")
CLASS_PRESENT = between(U8, 0, 1, "E_RESERVED", "class list")
LANES = between(VARINT, 1, r.MAX_LANES, "E_LIMIT", "lane count")
TABLE_COUNT = between(VARINT, 1, r.MAX_TABLES, "E_LIMIT", "table count")
HUFFMAN_HEAD = c.Struct("first" / U8, "last_index" / U8)


_CHUNK = 1 << 16
_LONGEST = 9
Numbers = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Values, and the absolute offset of each one's first byte; both rank 1."""


def varints(stream: SectionStream, count: int) -> Iterator[Numbers]:
    """Yield `count` varints, up to 65,536 at a time.

    What is wrong with a varint is raised only after those before it have been yielded, so that whoever
    reads them can report first what is wrong with their values.
    """
    while count:
        start = stream.tell()
        wanted = min(count, _CHUNK)
        data = np.frombuffer(stream.read(_LONGEST * wanted), np.uint8)
        last = np.flatnonzero(data < 0x80)[:wanted]
        first = np.append(0, last[:-1] + 1)[: last.size]
        lengths = last - first + 1
        faulty = np.flatnonzero((lengths > _LONGEST) | (lengths > 1) & (data[last] == 0))
        sound = int(faulty[0]) if faulty.size else last.size
        values = np.zeros(sound, np.int64)
        for place in range(int(lengths[:sound].max(initial=0))):
            there = lengths[:sound] > place
            values[there] |= (data[first[:sound][there] + place] & 0x7F).astype(np.int64) << 7 * place
        stream.seek(start + (int(last[sound - 1]) + 1 if sound else 0))
        yield values, stream.base + stream.scale * (start + first[:sound])
        if sound < wanted:
            parse(VARINT, stream)  # raises what is wrong with it
        count -= sound


def svarints(stream: SectionStream, count: int) -> Iterator[Numbers]:
    """Yield `count` svarints as `varints` does."""
    for values, offsets in varints(stream, count):
        yield values >> 1 ^ -(values & 1), offsets


def require(valid: NDArray[np.bool_], offsets: NDArray[np.int64], error: str, what: str) -> None:
    """Raise `error` at the first value that is not valid."""
    if not valid.all():
        raise FormatError(error, what, int(offsets[np.argmin(valid)]))


_FIELDS = (_VarInt, _ZigZag, _Checked, _Fixed, _Take)


def parse(layout: Any, stream: SectionStream) -> Any:
    """Parse one `layout` from `stream`."""
    if isinstance(layout, _FIELDS):
        # A single field needs no context; making one takes construct longer than the field.
        return layout._parse(stream, None, "")
    return layout.parse_stream(stream)


def build(layout: Any, value: Any) -> bytes:
    """Serialize `value` as `layout`."""
    built: bytes = layout.build(value)
    return built

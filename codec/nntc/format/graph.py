"""Content of GRAPH: base files, output files and splices.

Implements SPEC.md 6.1 and 6.2 (R-201 to R-203, R-205, R-208, R-209).
"""

from __future__ import annotations

from dataclasses import dataclass

from nntc.format.fields import Layout, Named, Raw, SVarInt, VarInt
from nntc.format.names import MAX_NAME

MAX_FILES, _FREE_FILES, _FILE_BYTES = 1 << 16, 1024, 32
MAX_FILE_SIZE = (1 << 48) - 1
MAX_BASES = 1 << 11
MAX_SPLICES, _FREE_SPLICES, _BYTE_SPLICES = 1 << 20, 1024, 16


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A file that decoding needs beside the `.nntc` file."""

    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class File:
    """An output file; the place of its name in the graph bytes is None for file 0."""

    size: int
    sha256: bytes
    name_offset: int | None = None
    name_length: int | None = None


def _is_named(_fields: Named, given: Named) -> bool:
    return bool(given["number"] > 0)


def _few_files(count: int, _fields: Named, given: Named) -> bool:
    size: int = given["size"]
    return 1 <= count <= min(MAX_FILES, _FREE_FILES + size // _FILE_BYTES)


def _few_splices(count: int, _fields: Named, given: Named) -> bool:
    size: int = given["size"]
    return 0 <= count <= min(MAX_SPLICES, _FREE_SPLICES + _BYTE_SPLICES * size)


BASE_COUNT = VarInt().within("R-208", 0, MAX_BASES, "E_LIMIT", "base file count")
BASE_FILE = Layout(
    BaseFile,
    size=VarInt().within("R-209", 0, MAX_FILE_SIZE, "E_LIMIT", "base file size"),
    sha256=Raw(32, "SHA-256"),  # R-216 is checked against the files that are given
)
# Given to both counts: `size` of the `.nntc` file.
FILE_COUNT = VarInt().must("R-201", "E_LIMIT", "file count", _few_files)
FILE = Layout(
    File,
    # Given: `number` of the file.
    size=VarInt().within("R-203", 0, MAX_FILE_SIZE, "E_LIMIT", "file size"),
    sha256=Raw(32, "SHA-256"),  # R-204 is checked when the file is complete
    name_offset=VarInt().when(_is_named),
    name_length=VarInt().within("R-205", 1, MAX_NAME, "E_FILE_NAME", "name length").when(_is_named),
)
SPLICE_COUNT = VarInt().must("R-202", "E_LIMIT", "splice count", _few_splices)


@dataclass(frozen=True, slots=True)
class Splice:
    """A run of graph bytes, and the code of the piece that follows it."""

    run: int
    piece: int


SPLICE = Layout(Splice, run=VarInt(), piece=VarInt())
BASE_PIECE = 1
"""Code of a piece that is a range of the base; in a file with a base other codes above 0 are one higher."""


@dataclass(frozen=True, slots=True)
class BaseRange:
    """Bytes of the base: how far after the range before they begin, and how many they are."""

    offset: int
    length: int


BASE_RANGE = Layout(BaseRange, offset=SVarInt(), length=VarInt())

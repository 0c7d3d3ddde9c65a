"""Whole files (SPEC.md, clauses 5 and 6) before they are bytes, and changes of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nntc.decoder.base import Base
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.format.fields import SectionStream
from nntc.format.registry import Profile
from nntc.format.tables import read_tables
from nntc.sources.source import BytesSource

from conformance.generator.fields import Fields
from conformance.generator.frames import PLAIN, Frame, Made
from conformance.generator.records import Record
from conformance.generator.tables import Table, write_tables

SIGNATURE = bytes.fromhex("8E4E4E540D0A1A0A")
GRAPH, TABLES, TENSOR, NOTES, INDEX = 1, 3, 4, 0x81, 0x83
LEADING = range(0x82, 0x90)
DEVICE, MAIN, FULL = 0, 1, 2

OPEN = 0
"""Piece code: the first part of the next TENSOR section."""


def next_part(distance: int = 1) -> int:
    """Return the piece code of the next part of the section opened so many openings ago."""
    return 2 * distance - 1


def repeat(distance: int) -> int:
    """Return the piece code of what was inserted so many splices ago."""
    return 2 * distance


@dataclass(frozen=True)
class Range:
    """A piece that is a range of the base.

    Parameters
    ----------
    start
        Place in the base files back to back; may be where nothing is, in a file that is to be wrong.
    """

    start: int
    length: int


Item = bytes | int | Range


@dataclass(frozen=True)
class Output:
    """An output file: graph bytes, and between them piece codes, as a file without base has them, and ranges.

    Parameters
    ----------
    name
        Stands somewhere in the graph bytes; None for the model file.
    """

    name: str | bytes | None
    items: tuple[Item, ...]


@dataclass(frozen=True)
class File:
    """What a file holds.

    Parameters
    ----------
    bases
        The base files of an update.
    outputs
        None for a model file that holds the parts of all records in order, with a byte between them.
    others
        Ignorable sections: type and content; leading ones stand in front of GRAPH.
    profile
        None for the least that has the coders and the window used.
    memory
        Working memory that the header states; None for the least that is enough.
    """

    records: Sequence[Record] = ()
    outputs: Sequence[Output] | None = None
    tables: Sequence[Table] = ()
    others: Sequence[tuple[int, bytes]] = ()
    profile: int | None = None
    memory: int | None = None
    minor: int = 0
    frame: Frame | Made = PLAIN
    bases: Sequence[bytes] = ()

    @property
    def output_files(self) -> Sequence[Output]:
        """All output files, the model first."""
        if self.outputs is not None:
            return self.outputs
        items: list[Item] = [b"<"]
        for record in self.records:
            items += [OPEN, b":"]
            for _ in record.part_bytes[1:]:
                items += [next_part(), b","]
        return (Output(None, (*items, b">")),)

    def context(self) -> ParseContext:
        """Return what the records' parser needs to know, under the fullest profile."""
        run = write_tables(self.tables)
        shared = read_tables(SectionStream(run, 0), len(self.tables)) if self.tables else []
        sizes = tuple(map(len, self.bases))
        return ParseContext(Profile.FULL, shared, base_sizes=sizes)

    def payloads(self) -> list[bytes]:
        """Return what each record decodes to."""
        around = self.context()
        base = Base([BytesSource(own) for own in self.bases])
        found = []
        for record in self.records:
            parsed = read_tensor(record.fields.data, 0, sum(record.part_bytes), around)
            found.append(parsed.payload(decode_records([parsed])[0], base).tobytes())
        return found

    def contents(self) -> list[bytes]:
        """Return the output files."""
        parts = [_cut(data, r.part_bytes) for data, r in zip(self.payloads(), self.records, strict=True)]
        pieces: list[bytes] = []
        used: list[int] = []
        found = []
        for output in self.output_files:
            whole = bytearray()
            for item in output.items:
                if isinstance(item, Range):
                    pieces.append(b"".join(self.bases)[item.start : item.start + item.length])
                    whole += pieces[-1]
                elif isinstance(item, int):
                    pieces.append(_piece(item, parts, used, pieces))
                    whole += pieces[-1]
                else:
                    whole += item
            found.append(bytes(whole))
        return found


def _cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    out, at = [], 0
    for size in sizes:
        out.append(data[at : at + size])
        at += size
    return out


def _piece(code: int, parts: Sequence[Sequence[bytes]], used: list[int], pieces: Sequence[bytes]) -> bytes:
    if code and code % 2 == 0:
        return pieces[-(code // 2)]
    if code == OPEN:
        used.append(0)
    section = len(used) - (code + 1) // 2 if code else len(used) - 1
    used[section] += 1
    return parts[section][used[section] - 1]


@dataclass(frozen=True)
class Change:
    """What is done to a file's fields. Lengths, sizes and CRCs that follow are put right.

    Parameters
    ----------
    fields
        New bytes of fields, by name; `.trailing` is a field after the last one of a section or of the
        directory, and `trailing` one after the last section.
    cut, keep
        End the section, or the directory, after so many bytes of this field.
    truncate
        End the file so many bytes (`keep`) into this field, with nothing put right.
    """

    fields: Mapping[str, bytes] = field(default_factory=dict)
    cut: str | None = None
    truncate: str | None = None
    keep: int = 0

    def apply(self, prefix: str, fields: Fields) -> Fields:
        """Return the fields of a section, or other part of the file, with what concerns them done."""
        out = Fields()
        for name, data in fields:
            full = f"{prefix}.{name}"
            changed = self.fields.get(full, data)
            if full == self.cut:
                out.add(name, changed[: self.keep])
                return out
            out.add(name, changed)
        if f"{prefix}.trailing" in self.fields:
            out.add("trailing", self.fields[f"{prefix}.trailing"])
        return out


NO_CHANGE = Change()

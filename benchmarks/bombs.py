"""Valid files that cost as much for each byte as the format allows, one for each stage of decoding.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.bombs [NAME ...]

Each is made of the parts that encoders write. `tests/whole/test_bombs.py` checks that they are valid, and do
no more work for a byte than is stated there.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nntc.decoder.model import decode
from nntc.encoder.container import CodedFile, NewFile, NewSection, graph_section
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.entropy.symbols import symbol_data
from nntc.encoder.quantize.trellis import TrellisLevels
from nntc.encoder.tensor.codebook import codebook_record, make_codebook
from nntc.encoder.tensor.planes import bytes_record
from nntc.encoder.tensor.record import Record, record_head
from nntc.encoder.tensor.uniform import UniformParameters, trellis_record, uniform_record
from nntc.format.registry import Coder, ElementType, Profile, SectionType, Tool, ViewKind
from nntc.format.tables import MAX_TABLES, TABLE_COUNT, FrequencyTable, write_tables
from nntc.format.transform import Transform
from nntc.format.view import View

from .curves import markdown_table
from .timing import timed

REPEAT = 2
"""Code of a piece that has the bytes of the one before it."""


@dataclass(frozen=True)
class Bomb:
    """A file, and how much of what it makes a decoder do."""

    data: bytes
    count: int
    unit: str

    @property
    def per_byte(self) -> float:
        """Work for each byte of the file."""
        return self.count / len(self.data)


def repeats(count: int = 3_400) -> Bomb:
    """Return a file of about as many splices as it may have, all but one of them the same bytes again."""
    record = bytes_record(View(ViewKind.MATRIX, 1, 8), bytes(8))
    splices = [(0, 0), *[(0, REPEAT)] * (count - 1)]
    return Bomb(_file([record], splices, 8 * count), count, "splices")


def constant() -> Bomb:
    """Return a file that is one byte again and again."""
    size = 2 << 20
    record = bytes_record(View(ViewKind.MATRIX, 1, size), bytes(size))
    return _several(record, size, "output bytes", size)


def transform() -> Bomb:
    """Return a file of blocks whose coefficients are all zero but one, with the largest transform."""
    block = Transform(16, 16, 6)
    view = View(ViewKind.MATRIX, 1, 80, block.period)
    levels = np.zeros(view.size, np.int64)
    levels[5] = 1
    parameters = UniformParameters(0.5, transform=block)
    record = uniform_record(ElementType.FLOAT16, view, parameters, levels, Coder.RANS, background=0)
    return _several(record, 2 * view.size, "elements transformed", view.size)


def values() -> Bomb:
    """Return a file of values that are all zero but one, with a step of its own for each column."""
    view = View(ViewKind.MATRIX, 6500, 256)
    levels = np.zeros(view.size, np.int64)
    levels[5] = 1
    parameters = UniformParameters(0.5, column_codes=np.zeros(view.columns, np.uint8))
    record = uniform_record(ElementType.FLOAT16, view, parameters, levels, Coder.RANS, background=0)
    return _several(record, 2 * view.size, "values", view.size)


def codebook() -> Bomb:
    """Return a file of indices that are all zero but one."""
    view = View(ViewKind.MATRIX, 1, 1_200_000)
    bits = np.zeros(view.size, np.uint16)
    bits[5] = 1
    record = codebook_record(ElementType.FLOAT16, view, make_codebook(bits), Coder.RANS, sparse=True)
    return _several(record, 2 * view.size, "indices", view.size)


def tokens(coder: Coder = Coder.BZIP2) -> Bomb:
    """Return a file of a plane of one token again and again."""
    view = View(ViewKind.MATRIX, 1, 3 << 20)
    zeros = np.zeros(view.size, np.uint8)
    head = record_head(Tool.PLANES, ElementType.OPAQUE1, view) + bytes([0, coder])
    record = Record([head, *symbol_data(zeros, coder)], ElementType.OPAQUE1, Tool.PLANES, view)
    return _several(record, view.size, "tokens", view.size, Profile.FULL)


def sections(count: int = 4000) -> Bomb:
    """Return a file of sections of one byte each."""
    record = bytes_record(View(ViewKind.MATRIX, 1, 1), bytes(1))
    return Bomb(_file([record] * count, [(0, 0)] * count, count), count, "sections")


def segments() -> Bomb:
    """Return a file in which the trellis starts anew after every second token, which takes no bits."""
    view = View(ViewKind.MATRIX, 1, 2**20)
    nothing = TrellisLevels(np.zeros(view.size, np.int32), np.zeros(view.size, np.uint8))
    parameters = UniformParameters(0.5)
    record = trellis_record(ElementType.FLOAT32, view, parameters, nothing, 2, None, None)
    return Bomb(_file([record], [(0, 0)], 4 * view.size, Profile.MAIN), view.size // 2, "segments")


def tables() -> Bomb:
    """Return a file of as many shared tables as there may be, each of one token."""
    one = FrequencyTable(0, np.array([1 << 12])), 0
    body = TABLE_COUNT.put(MAX_TABLES) + write_tables([one] * MAX_TABLES)
    extra = [NewSection(SectionType.TABLES, body, 0)]
    return Bomb(_file([], [], 0, extra=extra), 4096 * MAX_TABLES, "slots of tables")


def files(count: int = 1_090) -> Bomb:
    """Return a file of about as many output files as it may have, all of them empty."""
    names = [b"%04x" % number for number in range(count - 1)]
    skeleton = b"".join(names)
    listed = [NewFile(len(skeleton), hashlib.sha256(skeleton).digest(), None)]
    nothing = hashlib.sha256().digest()
    listed += [NewFile(0, nothing, (4 * number, 4)) for number in range(len(names))]
    data = CodedFile(Profile.MAIN, _ANY_MEMORY, [graph_section(listed, [], skeleton, level=3)]).tobytes()
    return Bomb(data, count, "output files")


_ANY_MEMORY = 2**32 - 1

BOMBS: dict[str, Callable[[], Bomb]] = {
    made.__name__: made
    for made in (
        repeats,
        constant,
        transform,
        values,
        codebook,
        tokens,
        segments,
        sections,
        tables,
        files,
    )
}


_AGAIN = 8
"""Sections that are the same: what there is once in a file counts for little then."""


def _several(record: Record, size: int, unit: str, work: int, profile: Profile = Profile.MAIN) -> Bomb:
    """Return a file of some sections that are one record."""
    data = _file([record] * _AGAIN, [(0, 0)] * _AGAIN, _AGAIN * size, profile)
    return Bomb(data, _AGAIN * work, unit)


def _file(
    records: Sequence[Record],
    splices: Sequence[tuple[int, int]],
    size: int,
    profile: Profile = Profile.MAIN,
    extra: Sequence[NewSection] = (),
) -> bytes:
    """Return a file of one output file without graph bytes; its hash is found by decoding it."""
    bodies = assemble([record.fragments for record in records])
    sections = [
        *extra,
        *(NewSection(SectionType.TENSOR, b, r.output) for b, r in zip(bodies, records, strict=True)),
    ]
    digest = _digest(records, bodies, size)
    return CodedFile(
        profile, _ANY_MEMORY, [graph_section([NewFile(size, digest, None)], splices, b""), *sections]
    ).tobytes()


def _digest(records: Sequence[Record], bodies: Sequence[bytes], size: int) -> bytes:
    from nntc.decoder.entropy.runs import ParseContext
    from nntc.decoder.tensor.record import decode_records, read_tensor

    if not records:
        return hashlib.sha256().digest()
    parsed = read_tensor(bodies[0], 0, records[0].output, ParseContext(Profile.FULL, []))
    data = parsed.payload(decode_records([parsed])[0]).tobytes()
    return hashlib.sha256(data * (size // len(data))).digest()


def main() -> None:
    """Decode each and print what it costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=", ".join(BOMBS))
    rows = []
    for name in parser.parse_args().names or BOMBS:
        bomb = BOMBS[name]()
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder, "new", "model")
            target.parent.mkdir()
            _, seconds = timed(lambda: decode(bomb.data, target, replace_external=True))  # noqa: B023
        micros = 1e6 * seconds.cpu / len(bomb.data)
        rows.append(
            [
                name,
                f"{len(bomb.data):,}",
                f"{bomb.count:,} {bomb.unit}",
                f"{bomb.per_byte:,.0f}",
                f"{seconds.cpu:.2f}",
                f"{micros:,.0f}",
            ]
        )
    print(markdown_table(["stage", "bytes", "work", "work / byte", "CPU s", "us / byte"], rows))


if __name__ == "__main__":
    main()

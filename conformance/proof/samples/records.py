"""TENSOR records of every tool, with what they decode to (SPEC.md, clause 7)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from conformance.generator.fields import svarint, varint
from conformance.generator.tables import Table
from conformance.generator.views import MATRIX, RAGGED, TRANSPOSED, View, ragged
from conformance.proof.samples.integers import integer_block
from conformance.proof.samples.numbers import (
    CODEBOOK,
    EXACT,
    FLOATS,
    INTEGERS,
    PLANES,
    TENSOR,
    UNIFORM,
    WIDTHS,
)
from conformance.proof.samples.symbols import Around, symbol_block
from conformance.reference_decoder import NntcError
from conformance.reference_decoder import tables as reference_tables
from conformance.reference_decoder.base import Base
from conformance.reference_decoder.container import Entry, Header
from conformance.reference_decoder.integers import LARGEST as TOP
from conformance.reference_decoder.record import read_tensor


def random_view(rng: Random, size: int, *, kinds: Sequence[int] = (MATRIX, TRANSPOSED, RAGGED)) -> View:
    """Return a view of at most about `size` elements."""
    kind = rng.choice(kinds)
    if kind == RAGGED:
        lengths: list[int] = []
        while not lengths or (sum(lengths) < size and rng.random() < 0.8):
            lengths.append(rng.randint(1, max(1, size // 3)))
        return ragged(lengths)
    rows = rng.randint(1, max(1, rng.choice((size, int(size**0.5), 3))))
    period = rng.randint(1, max(1, min(size // rows, rng.choice((1, 9, 256)))))
    channels = rng.randint(1, max(1, size // (rows * period)))
    return View(kind, rows, channels, period)


@dataclass(frozen=True)
class Record:
    """A TENSOR section: its bytes, and what it must decode to."""

    data: bytes
    view: View
    payload: bytes


def random_record(around: Around, size: int = 60, tool: int | None = None) -> Record:
    """Return a valid record of about `size` elements at most."""
    rng = around.rng
    tool = rng.randrange(3) if tool is None else tool
    make = (planes_record, codebook_record, uniform_record)[tool]
    while True:
        data, view, width = make(around, size)
        try:
            return Record(data, view, payload_of(data, view.size * width, around.profile, around.shared))
        except NntcError as e:
            # Values that overflow the element type are the one thing not avoided beforehand.
            if e.error != "E_RANGE" or tool != UNIFORM:
                raise


def payload_of(data: bytes, output: int, profile: int, shared: Sequence[Table] = (), base: int = 0) -> bytes:
    """Decode a TENSOR section at offset `base` with the reference decoder; raises its NntcError."""
    tables = [reference_tables.Table(t.first, list(t.frequencies)) for t in shared]
    entry = Entry(TENSOR, base, len(data), output, b"")
    header = Header(0, 0, profile, 0, 0, 2**32 - 1)
    return bytes(read_tensor(data, entry, header, tables, Base([])).payload())


def planes_record(around: Around, size: int) -> tuple[bytes, View, int]:
    """Return a record of tool planes, its view, and the width of its elements."""
    rng = around.rng
    kind = rng.choice(EXACT)
    width = WIDTHS[kind]
    view = random_view(rng, max(1, size // width))
    has_common = width > 1 and rng.random() < 0.5
    flags = has_common << 1 | (rng.randrange(2) if kind >= 8 else 0)
    out = bytes([PLANES << 4 | kind]) + view.fields().data + bytes([flags])
    planes = [_plane(rng, view.size)]
    count = view.size
    if has_common:
        marks = sorted(rng.sample(range(256), rng.choice((1, 2, 9))))
        own = rng.choice([t for t in range(256) if t not in marks])
        # At least one element is not common.
        planes[0][rng.randrange(view.size)] = own
        planes[0] = [rng.choice(marks) if rng.random() < 0.4 and t != own else t for t in planes[0]]
        count = sum(t not in marks for t in planes[0])
        out += bytes([len(marks)]) + b"".join(bytes([t]) + rng.randbytes(width) for t in marks)
        out += varint(count)
    planes += [_plane(rng, count) for _ in range(width - 1)]
    for k, tokens in enumerate(planes):
        out += symbol_block(around, tokens, view if k == 0 or not has_common else None)
    return out, view, width


def _plane(rng: Random, size: int) -> list[int]:
    top = rng.choice((0, 1, 5, 255))
    low = rng.randint(0, 255 - top)
    return [rng.randint(low, low + top) for _ in range(size)]


def codebook_record(around: Around, size: int) -> tuple[bytes, View, int]:
    """Return a record of tool codebook, its view, and the width of its elements."""
    rng = around.rng
    kind = rng.choice([k for k in EXACT if WIDTHS[k] <= 8])
    width = WIDTHS[kind]
    stored = rng.randint(1, width)
    view = random_view(rng, size)
    count = min(rng.choice((1, 2, 5, 40, 300)), 256**stored)
    entries = sorted(rng.sample(range(min(256**stored, 1 << 60)), count))
    indices = [rng.randrange(count) for _ in range(view.size)]
    out = bytes([CODEBOOK << 4 | kind]) + view.fields().data + bytes([stored]) + varint(count)
    out += b"".join(e.to_bytes(stored, "little") for e in entries)
    return out + integer_block(around, indices, view), view, width


def uniform_record(around: Around, size: int) -> tuple[bytes, View, int]:
    """Return a record of tool uniform, its view, and the width of its elements."""
    rng = around.rng
    kind = rng.choice(FLOATS + INTEGERS)
    view = random_view(rng, size)
    ragged = view.kind == RAGGED
    trellis = rng.choice((0, 1, 2, 3))
    sizes = range(1, 17)
    blocks = [(h, w, t) for h in sizes for w in sizes for t in range(7) if h * w << t == view.period]
    block = rng.choice(blocks) if blocks and not ragged and rng.random() < 0.5 else None
    row_codes = rng.random() < 0.4
    column_codes = not ragged and rng.random() < 0.4
    has_bases = ragged and rng.random() < 0.5
    has_offset = rng.random() < 0.4
    code_top = 23 if block else rng.choice((16, 60, 255 if not trellis else 150))
    spread = rng.choice((0, 2, 60, 120) if block and column_codes else (0, 2, 120, 400, 2**16, TOP))
    if trellis:
        spread = min(spread, 120)
    if block or column_codes:
        # |X| <= 2**(23-t) with a transform; a step code stands for at most 15 * 2**31.
        most = 2 ** (23 - block[2]) if block else 2**52 - 1
        most //= ((15 << (code_top >> 3)) if column_codes else 1) * 2
        spread = min(spread, most)
    center = rng.randint(-spread, spread)
    levels = [min(max(center + rng.randint(-spread, spread), -spread), spread) for _ in range(view.size)]
    if trellis and spread >= 60 and not block and not column_codes:
        # A few odd levels that need an escape.
        for i in range(view.size):
            if rng.random() < 0.05:
                levels[i] = rng.choice((-1, 1)) * (rng.randrange(2**20) * 2 + 1001)
    step = struct.unpack("<f", struct.pack("<f", 2.0 ** rng.randint(-126, 4) * rng.uniform(1, 2)))[0]
    if rng.random() < 0.5:
        step = struct.unpack("<f", struct.pack("<f", rng.uniform(1e-8, 1e-3)))[0]
    if kind in INTEGERS and rng.random() < 0.8:
        # What comes within the type, ties among it, and not far beyond.
        step = rng.choice((0.5, 1.0, 1.5, rng.uniform(0.1, 9)))
        step = struct.unpack("<f", struct.pack("<f", step * 2.0 ** (-24 * bool(block) - 3 * row_codes)))[0]
    flags = trellis | bool(block) << 2 | row_codes << 3 | column_codes << 4 | has_offset << 5 | has_bases << 6
    out = bytes([UNIFORM << 4 | kind]) + view.fields().data + bytes([flags]) + struct.pack("<f", step)
    if has_offset:
        # Sometimes exactly what cancels a level.
        offset = rng.choice((rng.uniform(-1, 1), -step * rng.choice(levels), rng.uniform(-1, 1) * 2.0**-140))
        offset = struct.unpack("<f", struct.pack("<f", max(min(offset, 1e30), -1e30)))[0]
        out += struct.pack("<f", offset or 1.0)
    if block:
        out += bytes([(block[0] - 1) << 4 | (block[1] - 1), block[2]])
    if row_codes:
        out += symbol_block(around, [rng.randint(0, code_top) for _ in range(view.rows)])
    if column_codes:
        out += symbol_block(around, [rng.randint(0, code_top) for _ in range(view.columns)])
    if has_bases:
        out += b"".join(svarint(rng.randint(-5, 5) * rng.choice((0, 1, 1000))) for _ in range(view.rows))
    segment = 1
    if trellis:
        segment = rng.choice((1, 2, 7, 64, rng.randint(1, 8192)))
        out += varint(segment)
    return (
        out + integer_block(around, levels, view, trellis=trellis, segment=segment),
        view,
        WIDTHS[kind],
    )

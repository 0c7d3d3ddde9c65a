"""Random valid records and whole files with every tool of SPEC.md, also what no encoder here ever writes.

Bytes are laid out with the vectors' generator, and what they decode to is what the reference decoder says;
nothing is taken from `nntc`. Every choice comes from a `random.Random`, so that hypothesis can steer it and
a long run can seed it.
"""

from __future__ import annotations

import bz2
import hashlib
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import zstandard

from conformance.generator.coders import canonical_codes, huffman_lane, rans_encode
from conformance.generator.fields import bit_run, svarint, varint
from conformance.generator.tables import Table, write_tables
from conformance.generator.trellis import Trellis
from conformance.generator.views import MATRIX, RAGGED, TRANSPOSED, View, ragged
from conformance.reference_decoder import NntcError
from conformance.reference_decoder import tables as reference_tables
from conformance.reference_decoder.container import SIGNATURE, Entry
from conformance.reference_decoder.integers import LARGEST as TOP
from conformance.reference_decoder.record import ELEMENT_TYPES, read_record

__all__ = [
    "CODEBOOK",
    "CODERS",
    "FLOATS",
    "GRAPH",
    "PACKED",
    "PLANES",
    "RAGGED",
    "TABLES",
    "TENSOR",
    "TOP",
    "UNIFORM",
    "ZSTD",
    "Around",
    "Record",
    "Sample",
    "Table",
    "View",
    "assemble",
    "bit_run",
    "container",
    "graph_content",
    "header",
    "payload_of",
    "quantizers_of",
    "random_file",
    "random_record",
    "random_table",
    "random_view",
    "rans_data",
    "rans_lanes",
    "svarint",
    "symbol_data",
    "varint",
    "write_tables",
    "zstd",
]

PACKED, RANS, HUFFMAN, BZIP2, ZSTD = range(5)
CODERS = (PACKED, RANS, HUFFMAN, BZIP2, ZSTD)
PLANES, CODEBOOK, UNIFORM = range(3)
GRAPH, TABLES, TENSOR, NOTES = 1, 3, 4, 0x81
WIDTHS = {number: element.width for number, element in ELEMENT_TYPES.items()}
FLOATS = (8, 9, 10, 11)


def zstd(data: bytes, level: int = 3, *, checksum: bool = False) -> bytes:
    """Return a zstd frame that declares its size."""
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=True).compress(
        data
    )


# Frequency tables


def random_table(rng: Random, needed: Sequence[int]) -> Table:
    """Return a table in which every token of `needed` can be coded."""
    used = set(needed) | {rng.randrange(256) for _ in range(rng.choice((0, 0, 1, 5)))} or {rng.randrange(256)}
    first, last = min(used), max(used)
    precision = rng.randrange(12)
    frequencies = [0] * (last - first + 1)
    room = 4096 - len(used)
    for token in used:
        f = 1 + (rng.randrange(max(1, 2 * room // len(used))) if rng.random() < 0.8 else 0)
        cut = max(f.bit_length() - 1 - precision, 0)
        f = min(f >> cut << cut, room + 1)
        f = f >> cut << cut or 1
        frequencies[token - first] = f
        room -= f - 1
    coded = [i for i, f in enumerate(frequencies) if f]
    peak = rng.choice(coded)
    frequencies[peak] = 4096 - sum(frequencies) + frequencies[peak]
    return Table(first, tuple(frequencies), peak, precision)


# Symbol data


@dataclass
class Around:
    """What blocks share: the profile, shared tables, and chance."""

    rng: Random
    profile: int = 1
    shared: list[Table] = field(default_factory=list)
    coders: Sequence[int] = CODERS


def lanes_for(rng: Random, segments: int, segment: int) -> int:
    """Return a number of lanes that the limits allow."""
    least = -(-segments // max(8192 // segment, 1))
    return rng.choice((least, rng.randint(least, segments), min(segments, least + rng.randrange(4))))


def rans_lanes(
    tokens: Sequence[int], tables: Sequence[Table], numbers: Sequence[int], segment: int, lanes: int
) -> bytes:
    """Return lanes, words, states and words of rANS symbol data; `numbers` is each token's table."""
    x, words = rans_encode(tokens, tables, numbers, segment, lanes)
    head = varint(lanes) + varint(len(words))
    return head + struct.pack(f"<{lanes}I", *x) + struct.pack(f"<{len(words)}H", *words)


def quantizers_of(tokens: Sequence[int], trellis: int, segment: int) -> list[int]:
    """Return the quantizer bit of each token."""
    return Trellis(trellis, segment).quantizers(tokens)


def rans_data(
    around: Around, tokens: Sequence[int], view: View | None = None, trellis: int = 0, segment: int = 1
) -> bytes:
    """Return rANS symbol data; with a `view` it may have contexts."""
    rng = around.rng
    contexts = [0] * len(tokens)
    count = 1
    mode = 0
    lists = b""
    if view is not None and around.profile == 1 and rng.random() < 0.6:
        mode |= 1
        count = rng.choice((2, 3, 64, rng.randint(2, 64)))
        sizes = [view.rows] if view.kind == RAGGED else [view.rows, view.channels, view.period]
        classes = []
        lists = varint(count)
        for size in sizes:
            top = rng.choice((0, 2, 63))
            classes.append([rng.randint(0, top) for _ in range(size)])
            if any(classes[-1]) or rng.random() < 0.2:
                lists += b"\x01" + symbol_block(around, classes[-1])
            else:
                lists += b"\x00"
        for i, r in enumerate(view.row_of()):
            total = classes[0][r]
            if view.kind != RAGGED:
                j = i % view.columns
                total += classes[1][j // view.period] + classes[2][j % view.period]
            contexts[i] = min(total, count - 1)
    numbers = contexts
    if trellis:
        numbers = [2 * c + q for c, q in zip(contexts, quantizers_of(tokens, trellis, segment), strict=True)]
        count *= 2
    if count <= len(around.shared) and rng.random() < 0.5:
        mode |= 2
        base = rng.randint(0, len(around.shared) - count)
        tables: Sequence[Table] = around.shared[base : base + count]
        lists += varint(base)
    else:
        needed: list[set[int]] = [set() for _ in range(count)]
        for n, t in zip(numbers, tokens, strict=True):
            needed[n].add(t)
        tables = [random_table(rng, sorted(s)) for s in needed]
        lists += write_tables(tables)
    lanes = lanes_for(rng, math.ceil(len(tokens) / segment), segment)
    return bytes([mode]) + lists + rans_lanes(tokens, tables, numbers, segment, lanes)


def huffman_data(around: Around, tokens: Sequence[int]) -> bytes:
    """Return Huffman symbol data of a random complete code."""
    rng = around.rng
    used = sorted(set(tokens) | {rng.randrange(256) for _ in range(rng.choice((0, 0, 3)))})
    if len(used) == 1:
        lengths = {used[0]: 1}
    else:
        # Split a leaf until there are enough: always a complete code.
        leaves = [0]
        while len(leaves) < len(used):
            i = rng.randrange(len(leaves)) if rng.random() < 0.7 else leaves.index(min(leaves))
            if leaves[i] < 15:
                leaves[i : i + 1] = [leaves[i] + 1] * 2
        lengths = dict(zip(used, leaves, strict=True))
    first, last = used[0], used[-1]
    codes = canonical_codes(lengths)
    lanes = lanes_for(rng, len(tokens), 1)
    parts = [huffman_lane([codes[t] for t in tokens[lane::lanes]]) for lane in range(lanes)]
    description = bit_run([(lengths.get(t, 0), 4) for t in range(first, last + 1)])
    sizes = b"".join(varint(len(part)) for part in parts)
    return bytes([first, last - first]) + description + varint(lanes) + sizes + b"".join(parts)


def symbol_data(
    around: Around,
    tokens: Sequence[int],
    coder: int,
    view: View | None = None,
    trellis: int = 0,
    segment: int = 1,
) -> bytes:
    """Return symbol data under a coder."""
    if coder == PACKED:
        width = around.rng.randint(max(max(tokens).bit_length(), 1), 8)
        return bytes([width]) + bit_run([(t, width) for t in tokens])
    if coder == RANS:
        return rans_data(around, tokens, view, trellis, segment)
    if coder == HUFFMAN:
        return huffman_data(around, tokens)
    data = bytes(tokens)
    packed = bz2.compress(data, 1) if coder == BZIP2 else zstd(data, checksum=around.rng.random() < 0.5)
    return varint(len(packed)) + packed


def symbol_block(around: Around, tokens: Sequence[int], view: View | None = None) -> bytes:
    """Return a symbol block under a random coder."""
    coder = around.rng.choice(around.coders)
    return bytes([coder]) + symbol_data(around, tokens, coder, view)


# Integer blocks


def integer_block(
    around: Around, integers: Sequence[int], view: View, *, trellis: int = 0, segment: int = 1
) -> bytes:
    """Return a block of `integers`, of any magnitude below 2**31 and, with trellis, of any parity."""
    rng = around.rng
    sparse = not trellis and rng.random() < 0.35
    low_bits = 0 if trellis else rng.choice((0, 0, 0, 1, 4, rng.randint(1, 24)))
    background = rng.choice(list(integers)) if rng.random() < 0.7 else rng.randint(-TOP, TOP)
    gaps: list[int] = []
    values = list(integers)
    if sparse:
        values, last = [], -1
        for i, v in enumerate(integers):
            if v != background or i - last > 255 or rng.random() < 0.1:
                values.append(v)
                gaps.append(i - last - 1)
                last = i
        if not values:
            values, gaps = [integers[0]], [0]
    high = [v >> low_bits for v in values]
    # Under a trellis an escape has the parity of token 255: even levels must be within reach of lo.
    near = [h for h in high if h % 2 == 0] or high[:1] if trellis else high
    if max(near) - min(near) <= 254 and (trellis or rng.random() < 0.6):
        lo = rng.randint(max(near) - 254, min(near))
    else:
        lo = rng.choice(near) - rng.randrange(255)
    lo = min(max(lo, -TOP + 1), TOP - 1)
    lo -= lo % 2 if trellis and lo - lo % 2 >= max(near) - 254 else -(lo % 2) if trellis else 0
    escaped = [not lo <= h <= lo + 254 for h in high]
    must = trellis or not all(lo <= h <= lo + 255 for h in high)
    has_escapes = any(escaped) and (must or rng.random() < 0.5)
    escapes = [h for h, e in zip(high, escaped, strict=True) if e] if has_escapes else []
    tokens = [255 if has_escapes and e else h - lo for h, e in zip(high, escaped, strict=True)]
    coder = RANS if trellis else rng.choice(around.coders)
    out = bytes([coder | bool(escapes) << 3 | bool(low_bits) << 4 | sparse << 5]) + svarint(lo)
    if low_bits:
        out += bytes([low_bits])
    if escapes:
        out += varint(len(escapes)) + b"".join(map(svarint, escapes))
    if sparse:
        out += svarint(background) + varint(len(values))
    out += bit_run([(v & ((1 << low_bits) - 1), low_bits) for v in values])
    if sparse:
        out += symbol_block(around, gaps)
    return out + symbol_data(around, tokens, coder, None if sparse else view, trellis, segment)


# Records


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
    entry = Entry(TENSOR, base, len(data), output, zlib.crc32(data))
    return bytes(read_record(data, entry, profile, tables).payload())


def planes_record(around: Around, size: int) -> tuple[bytes, View, int]:
    """Return a record of tool planes, its view, and the width of its elements."""
    rng = around.rng
    kind = rng.choice(list(WIDTHS))
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
    kind = rng.choice([k for k, w in WIDTHS.items() if w <= 8])
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
    kind = rng.choice(FLOATS)
    main = around.profile == 1
    view = random_view(rng, size)
    ragged = view.kind == RAGGED
    trellis = rng.choice((0, 1, 2)) if main else 0
    sizes = range(1, 17)
    blocks = [(h, w, t) for h in sizes for w in sizes for t in range(7) if h * w << t == view.period]
    block = rng.choice(blocks) if blocks and not ragged and rng.random() < 0.5 else None
    row_codes = main and rng.random() < 0.4
    column_codes = main and not ragged and rng.random() < 0.4
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


# Whole files


def header(profile: int, count: int, directory: bytes, *, minor: int = 0) -> bytes:
    """Return a header."""
    head = SIGNATURE + bytes([1, minor, 0, profile]) + struct.pack("<II", count, len(directory))
    return head + struct.pack("<I", zlib.crc32(head))


def container(profile: int, sections: Sequence[tuple[int, bytes, int]], *, minor: int = 0) -> bytes:
    """Return a file of (type, bytes, output) sections."""
    directory = b"".join(
        bytes([kind]) + varint(len(data)) + varint(output) + struct.pack("<I", zlib.crc32(data))
        for kind, data, output in sections
    )
    body = b"".join(data for _, data, _ in sections)
    crc = struct.pack("<I", zlib.crc32(directory))
    return header(profile, len(sections), directory, minor=minor) + directory + crc + body


def graph_content(
    files: Sequence[tuple[int, bytes, tuple[int, int] | None]],
    splices: Sequence[tuple[int, int]],
    skeleton: bytes,
) -> bytes:
    """Return GRAPH content for files of (size, sha256, name offset and length)."""
    out = varint(len(files))
    for size, digest, name in files:
        out += varint(size) + digest
        if name is not None:
            out += varint(name[0]) + varint(name[1])
    out += varint(len(splices)) + b"".join(varint(run) + varint(piece) for run, piece in splices)
    return out + skeleton


NAMES = ("weights.bin", "a", "model.onnx.data", "größe.bin", "x" * 255, "weights/.a", "weights/b/c")


@dataclass(frozen=True)
class Sample:
    """A valid file and the output files that it decodes to."""

    data: bytes
    files: dict[str | None, bytes]


def random_file(rng: Random, *, records: int = 4, size: int = 60, tools: Sequence[int] = (0, 1, 2)) -> Sample:
    """Return a valid file with up to `records` TENSOR sections of about `size` elements each."""
    around = Around(rng, profile=rng.randrange(2))
    if rng.random() < 0.6:
        # Shared tables in which every token can be coded.
        around.shared = [random_table(rng, range(256)) for _ in range(rng.choice((1, 2, 6)))]
    made = [random_record(around, size, rng.choice(tools)) for _ in range(rng.randint(0, records))]
    return assemble(rng, made, around)


def assemble(rng: Random, records: Sequence[Record], around: Around) -> Sample:
    """Return a file around records, spliced at random: any order of parts, repeats, several output files."""
    parts = []
    for record in records:
        width = len(record.payload) // record.view.size
        sizes = record.view.lengths if record.view.kind == RAGGED else [record.view.size]
        own, start = [], 0
        for n in sizes:
            own.append(record.payload[start : start + n * width])
            start += n * width
        parts.append(own)
    names = rng.sample(NAMES, rng.choice((0, 0, 1, 3)))
    head = "|".join(names).encode() + rng.randbytes(rng.randrange(20))
    stretches: list[list[bytes]] = [[head], *([] for _ in names)]  # of each output file
    splices: list[tuple[int, int]] = []
    pieces: list[bytes] = []
    skeleton = head
    run = len(head)
    opened, used = 0, [0] * len(records)
    file = 0
    while True:
        choices = [0] * (opened < len(records))
        choices += [2 * (opened - s) - 1 for s in range(opened) if used[s] < len(parts[s])]
        if not choices and rng.random() < 0.7:
            break
        choices += [2 * rng.randint(1, len(splices))] if splices and rng.random() < 0.3 else []
        if not choices:
            break
        code = rng.choice(choices)
        if code == 0:
            piece = parts[opened][0]
            used[opened] = 1
            opened += 1
        elif code % 2:
            s = opened - (code + 1) // 2
            piece = parts[s][used[s]]
            used[s] += 1
        else:
            piece = pieces[len(pieces) - code // 2]
        gap = rng.randbytes(rng.choice((0, 0, 1, 9)))
        stretches[file].append(gap)
        skeleton += gap
        run += len(gap)
        if file < len(names) and rng.random() < 0.3:
            file += rng.randint(1, len(names) - file)
        stretches[file].append(piece)
        splices.append((run, code))
        pieces.append(piece)
        run = 0
    tail = rng.randbytes(rng.choice((0, 3)))
    stretches[-1].append(tail)
    skeleton += tail
    outputs = [b"".join(s) for s in stretches]
    files: list[tuple[int, bytes, tuple[int, int] | None]] = []
    at = 0
    for name, data in zip([None, *names], outputs, strict=True):
        place = None
        if name is not None:
            place = at, len(name.encode())
            at += place[1] + 1
        files.append((len(data), hashlib.sha256(data).digest(), place))
    content = graph_content(files, splices, skeleton)
    sections = [(GRAPH, zstd(content), len(content))]
    if around.shared:
        sections.append((TABLES, varint(len(around.shared)) + write_tables(around.shared), 0))
    sections += [(TENSOR, record.data, len(record.payload)) for record in records]
    if rng.random() < 0.3:
        sections.append((NOTES, b"\x00" + varint(0) + varint(0), 0))
    if rng.random() < 0.3:
        sections.append((rng.randint(0x82, 0xFF), rng.randbytes(rng.randrange(9)), 0))
    data = container(around.profile, sections, minor=rng.choice((0, 0, 7)))
    return Sample(data, dict(zip([None, *names], outputs, strict=True)))

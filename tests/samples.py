"""Random valid records and whole files with every tool of SPEC.md, also what no encoder here ever writes.

Shares no code with the package. Every choice comes from a `random.Random`, so that hypothesis
(`strategies`) can steer it and a benchmark can seed it.
"""

from __future__ import annotations

import bz2
import hashlib
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import spec_decoder as spec
import zstandard

PACKED, RANS, HUFFMAN, BZIP2, ZSTD = range(5)
CODERS = (PACKED, RANS, HUFFMAN, BZIP2, ZSTD)
PLANES, CODEBOOK, UNIFORM = range(3)
GRAPH, TABLES, TENSOR, NOTES = 1, 3, 4, 0x81
MATRIX, TRANSPOSED, RAGGED = range(3)
FLOATS = (8, 9, 10, 11)


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def svarint(value: int) -> bytes:
    return varint(2 * value if value >= 0 else -2 * value - 1)


def bit_run(fields: Sequence[tuple[int, int]]) -> bytes:
    """Return (value, width) fields as a zero-padded bit run."""
    run = place = 0
    for value, width in fields:
        run |= value << place
        place += width
    return run.to_bytes((place + 7) // 8, "little")


def zstd(data: bytes, level: int = 3, *, checksum: bool = False) -> bytes:
    return zstandard.ZstdCompressor(level=level, write_checksum=checksum, write_content_size=True).compress(
        data
    )


# Frequency tables


@dataclass(frozen=True)
class Table:
    """A frequency table and the fields it is written with."""

    first: int
    frequencies: tuple[int, ...]
    peak: int
    precision: int

    def fields(self) -> list[tuple[int, int]]:
        out = [(self.first, 8), (len(self.frequencies) - 1, 8), (self.peak, 8), (self.precision, 4)]
        previous = 0
        for i, f in enumerate(self.frequencies):
            if i == self.peak:
                continue
            length = f.bit_length()
            step = length - previous
            z = 2 * step if step >= 0 else -2 * step - 1
            out.append(((1 << z) - 1, z + 1))
            previous = length
            if length:
                m = min(length - 1, self.precision)
                out.append((f >> (length - 1 - m) & ((1 << m) - 1), m))
        return out

    def of(self, token: int) -> tuple[int, int]:
        """Return frequency and start of a token."""
        i = token - self.first
        return self.frequencies[i], sum(self.frequencies[:i])


def write_tables(tables: Sequence[Table]) -> bytes:
    return bit_run([f for table in tables for f in table.fields()])


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
    least = -(-segments // max(8192 // segment, 1))
    return rng.choice((least, rng.randint(least, segments), min(segments, least + rng.randrange(4))))


def rans_encode(
    tokens: Sequence[int], tables: Sequence[Table], numbers: Sequence[int], segment: int, lanes: int
) -> bytes:
    """Return lanes, words, states and words of rANS symbol data; `numbers` is each token's table."""
    known = {(n, t): tables[n].of(t) for n, t in set(zip(numbers, tokens, strict=True))}
    segments = math.ceil(len(tokens) / segment)
    order = [
        ((b * lanes + lane) * segment + k, lane)
        for b in range(math.ceil(segments / lanes))
        for k in range(segment)
        for lane in range(lanes)
    ]
    x = [1 << 16] * lanes
    words = []
    for i, lane in reversed(order):
        if i >= len(tokens):
            continue
        f, start = known[numbers[i], tokens[i]]
        while x[lane] >= f << 20:
            words.append(x[lane] & 0xFFFF)
            x[lane] >>= 16
        x[lane] = x[lane] // f * 4096 + start + x[lane] % f
    return (
        varint(lanes)
        + varint(len(words))
        + struct.pack(f"<{lanes}I", *x)
        + struct.pack(f"<{len(words)}H", *words[::-1])
    )


def quantizers_of(tokens: Sequence[int], trellis: int, segment: int) -> list[int]:
    out = []
    state = 0
    for i, token in enumerate(tokens):
        state = 0 if i % segment == 0 else state
        out.append(spec.QUANTIZER[trellis][state])
        state = spec.NEXT[trellis][state][token & 1]
    return out


def rans_data(
    around: Around, tokens: Sequence[int], view: spec.View | None = None, trellis: int = 0, segment: int = 1
) -> bytes:
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
    return bytes([mode]) + lists + rans_encode(tokens, tables, numbers, segment, lanes)


def huffman_data(around: Around, tokens: Sequence[int]) -> bytes:
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
    codes = {}
    code = previous = 0
    for length in range(1, 16):
        for token in used:
            if lengths[token] == length:
                code <<= length - previous
                previous = length
                codes[token] = f"{code:0{length}b}"
                code += 1
    lanes = lanes_for(rng, len(tokens), 1)
    parts = []
    for lane in range(lanes):
        bits = "".join(codes[t] for t in tokens[lane::lanes])
        bits += "0" * (-len(bits) % 8)
        parts.append(int(bits, 2).to_bytes(len(bits) // 8, "big"))
    description = bit_run([(lengths.get(t, 0), 4) for t in range(first, last + 1)])
    sizes = b"".join(varint(len(part)) for part in parts)
    return bytes([first, last - first]) + description + varint(lanes) + sizes + b"".join(parts)


def symbol_data(
    around: Around,
    tokens: Sequence[int],
    coder: int,
    view: spec.View | None = None,
    trellis: int = 0,
    segment: int = 1,
) -> bytes:
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


def symbol_block(around: Around, tokens: Sequence[int], view: spec.View | None = None) -> bytes:
    coder = around.rng.choice(around.coders)
    return bytes([coder]) + symbol_data(around, tokens, coder, view)


# Integer blocks


def integer_block(
    around: Around, integers: Sequence[int], view: spec.View, *, trellis: int = 0, segment: int = 1
) -> bytes:
    """Return a block of `integers`, of any magnitude below 2**31 and, with trellis, of any parity."""
    rng = around.rng
    sparse = not trellis and rng.random() < 0.35
    low_bits = 0 if trellis else rng.choice((0, 0, 0, 1, 4, rng.randint(1, 24)))
    background = rng.choice(list(integers)) if rng.random() < 0.7 else rng.randint(-spec.TOP, spec.TOP)
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
    lo = min(max(lo, -spec.TOP + 1), spec.TOP - 1)
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


def random_view(rng: Random, size: int, *, kinds: Sequence[int] = (MATRIX, TRANSPOSED, RAGGED)) -> spec.View:
    """Return a view of at most about `size` elements."""
    kind = rng.choice(kinds)
    if kind == RAGGED:
        lengths: list[int] = []
        while not lengths or (sum(lengths) < size and rng.random() < 0.8):
            lengths.append(rng.randint(1, max(1, size // 3)))
        return spec.View(RAGGED, len(lengths), lengths=lengths)
    rows = rng.randint(1, max(1, rng.choice((size, int(size**0.5), 3))))
    period = rng.randint(1, max(1, min(size // rows, rng.choice((1, 9, 256)))))
    channels = rng.randint(1, max(1, size // (rows * period)))
    return spec.View(kind, rows, channels, period)


def write_view(view: spec.View) -> bytes:
    if view.kind == RAGGED:
        return bytes([RAGGED]) + varint(view.rows) + b"".join(map(varint, view.lengths))
    return bytes([view.kind]) + varint(view.rows) + varint(view.channels) + varint(view.period)


@dataclass(frozen=True)
class Record:
    """A TENSOR section: its bytes, and what it must decode to."""

    data: bytes
    view: spec.View
    payload: bytes


def random_record(around: Around, size: int = 60, tool: int | None = None) -> Record:
    """Return a valid record of about `size` elements at most."""
    rng = around.rng
    tool = rng.randrange(3) if tool is None else tool
    make = (planes_record, codebook_record, uniform_record)[tool]
    shared = [spec.Table(t.first, list(t.frequencies)) for t in around.shared]
    while True:
        data, view, width = make(around, size)
        try:
            tensor = spec.Tensor(data, 0, view.size * width, spec.Around(around.profile, shared))
            return Record(data, view, tensor.decode())
        except spec.SpecError as e:
            # Values that overflow the element type are the one thing not avoided beforehand.
            if e.id != "E_RANGE" or tool != UNIFORM:
                raise


def planes_record(around: Around, size: int) -> tuple[bytes, spec.View, int]:
    rng = around.rng
    kind = rng.choice(list(spec.WIDTHS))
    width = spec.WIDTHS[kind]
    view = random_view(rng, max(1, size // width))
    out = bytes([PLANES << 4 | kind]) + write_view(view) + bytes([rng.randrange(2) if kind >= 8 else 0])
    for _ in range(width):
        top = rng.choice((0, 1, 5, 255))
        low = rng.randint(0, 255 - top)
        out += symbol_block(around, [rng.randint(low, low + top) for _ in range(view.size)], view)
    return out, view, width


def codebook_record(around: Around, size: int) -> tuple[bytes, spec.View, int]:
    rng = around.rng
    kind = rng.choice([k for k, w in spec.WIDTHS.items() if w <= 8])
    width = spec.WIDTHS[kind]
    stored = rng.randint(1, width)
    view = random_view(rng, size)
    count = min(rng.choice((1, 2, 5, 40, 300)), 256**stored)
    entries = sorted(rng.sample(range(min(256**stored, 1 << 60)), count))
    indices = [rng.randrange(count) for _ in range(view.size)]
    out = bytes([CODEBOOK << 4 | kind]) + write_view(view) + bytes([stored]) + varint(count)
    out += b"".join(e.to_bytes(stored, "little") for e in entries)
    return out + integer_block(around, indices, view), view, width


def uniform_record(around: Around, size: int) -> tuple[bytes, spec.View, int]:
    rng = around.rng
    kind = rng.choice(FLOATS)
    main = around.profile == 1
    view = random_view(rng, size)
    ragged = view.kind == RAGGED
    trellis = rng.choice((0, 1, 2)) if main else 0
    blocks = [
        (h, w, t) for h in range(1, 17) for w in range(1, 17) for t in range(7) if h * w << t == view.period
    ]
    block = rng.choice(blocks) if blocks and rng.random() < 0.5 else None
    row_codes = main and rng.random() < 0.4
    column_codes = main and not ragged and rng.random() < 0.4
    has_bases = ragged and rng.random() < 0.5
    has_offset = rng.random() < 0.4
    code_top = 23 if block else rng.choice((16, 60, 255 if not trellis else 150))
    spread = rng.choice((0, 2, 60, 120) if block and column_codes else (0, 2, 120, 400, 2**16, spec.TOP))
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
    out = bytes([UNIFORM << 4 | kind]) + write_view(view) + bytes([flags]) + struct.pack("<f", step)
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
        spec.WIDTHS[kind],
    )


# Whole files


def header(profile: int, count: int, directory: bytes, *, minor: int = 0) -> bytes:
    head = spec.SIGNATURE + bytes([1, minor, 0, profile]) + struct.pack("<II", count, len(directory))
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


NAMES = ("weights.bin", "a", "model.onnx.data", "größe.bin", "x" * 255)


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


def fraction_of(bits: int, kind: int) -> Fraction:
    """Return the exact value of a finite element."""
    digits, lowest, _, exponent_bits, fraction_bits = spec.FORMATS[kind]
    exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    m = bits & ((1 << fraction_bits) - 1)
    value = Fraction(2) ** lowest * (m if exponent == 0 else (m | 1 << (digits - 1)) << (exponent - 1))
    return -value if bits >> (exponent_bits + fraction_bits) else value

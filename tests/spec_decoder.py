"""A second decoder, written from SPEC.md alone: scalar, slow, in Python's unbounded integers and fractions.

It follows the document clause by clause in its order and shares no code with the package. Tests compare
the two on valid files (same bytes) and on damaged ones (same error id, same offset).
"""

from __future__ import annotations

import bz2
import hashlib
import math
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import zstandard

SIGNATURE = bytes.fromhex("8E4E4E540D0A1A0A")
WIDTHS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 8: 2, 9: 2, 10: 4, 11: 8}
NEXT = {
    1: [(0, 2), (2, 0), (1, 3), (3, 1)],
    2: [(0, 2), (5, 7), (1, 3), (6, 4), (2, 0), (4, 6), (3, 1), (7, 5)],
}
QUANTIZER = {1: [0, 0, 1, 1], 2: [0, 1, 0, 1, 0, 1, 0, 1]}
TOP = 2**31 - 1


class SpecError(Exception):
    """An error id and where it is reported."""

    def __init__(self, error: str, offset: int) -> None:
        super().__init__(error, offset)
        self.id, self.offset = error, offset


def fail(error: str, offset: int) -> None:
    raise SpecError(error, offset)


class Reader:
    """Clauses 3.3 to 3.5."""

    def __init__(self, data: bytes, base: int, *, opaque: bool = False, cut: str = "E_TRUNCATED") -> None:
        self.data, self.base, self.opaque, self.cut = data, base, opaque, cut
        self.place = 0

    @property
    def at(self) -> int:
        return self.base + (0 if self.opaque else self.place)

    def take(self, n: int) -> bytes:
        if n > len(self.data) - self.place:
            fail(self.cut, self.at)
        self.place += n
        return self.data[self.place - n : self.place]

    def uint(self, n: int) -> int:
        return int.from_bytes(self.take(n), "little")

    def varint(self) -> int:
        start = self.at
        value = shift = 0
        while True:
            if self.place >= len(self.data):
                fail(self.cut, start)
            b = self.data[self.place]
            self.place += 1
            value += (b & 127) << shift
            shift += 7
            if b < 128:
                break
            if shift == 63:
                fail("E_VARINT", start)
        if b == 0 and shift > 7:
            fail("E_VARINT", start)
        return value

    def svarint(self) -> int:
        z = self.varint()
        return z // 2 if z % 2 == 0 else -(z + 1) // 2

    def checked(self, read: Callable[[], int], *checks: tuple[Callable[[int], bool], str]) -> int:
        start = self.at
        value = read()
        for holds, error in checks:
            if not holds(value):
                fail(error, start)
        return value

    def ranged(self, low: int, high: int, error: str = "E_LIMIT") -> int:
        return self.checked(self.varint, (lambda v: low <= v <= high, error))

    def sranged(self) -> int:
        return self.checked(self.svarint, (lambda v: -TOP <= v <= TOP, "E_LIMIT"))

    def end(self) -> None:
        if self.place < len(self.data):
            fail("E_TRAILING", self.at)


class BitRun:
    def __init__(self, reader: Reader) -> None:
        self.reader, self.start = reader, reader.at
        self.held = self.count = 0

    def bits(self, n: int) -> int:
        while self.count < n:
            self.held |= self.reader.uint(1) << self.count
            self.count += 8
        value = self.held & ((1 << n) - 1)
        self.held >>= n
        self.count -= n
        return value

    def end(self) -> None:
        if self.held:
            fail("E_PADDING", self.reader.at - 1)


def fields(data: bytes, n: int, width: int) -> tuple[list[int], bool]:
    """Return the fields of a bit run of known length, and whether its padding is zero."""
    run = int.from_bytes(data, "little")
    mask = (1 << width) - 1
    return [run >> i * width & mask for i in range(n)], run >> n * width == 0


def zstd(data: bytes, n: int, offset: int) -> bytes:
    if data[:4] != (0xFD2FB528).to_bytes(4, "little"):
        fail("E_ZSTD", offset)
    try:
        frame = zstandard.get_frame_parameters(data)
        if frame.dict_id or frame.window_size > 1 << 23 or frame.content_size != n:
            fail("E_ZSTD", offset)
        out = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError:
        fail("E_ZSTD", offset)
    if len(out) != n:
        fail("E_ZSTD", offset)
    return out


def bzip2(data: bytes, n: int, offset: int) -> bytes:
    machine = bz2.BZ2Decompressor()
    out = b""
    try:
        out = machine.decompress(data, n + 1)
    except (OSError, EOFError, ValueError):
        fail("E_BZIP2", offset)
    if len(out) != n or not machine.eof or machine.unused_data:
        fail("E_BZIP2", offset)
    return out


# Clause 8.7


@dataclass
class Table:
    first: int
    f: list[int]

    def slots(self) -> list[tuple[int, int, int]]:
        """Return token, frequency and start for each slot."""
        out: list[tuple[int, int, int]] = []
        for i, f in enumerate(self.f):
            out += [(self.first + i, f, len(out))] * f
        return out


def tables(reader: Reader, count: int) -> list[Table]:
    run = BitRun(reader)
    found = []
    for _ in range(count):
        first, last, peak, precision = run.bits(8), run.bits(8), run.bits(8), run.bits(4)
        if first + last > 255 or peak > last or precision > 11:
            fail("E_TABLE", run.start)
        previous = total = 0
        f = [0] * (last + 1)
        for i in range(last + 1):
            if i == peak:
                continue
            z = 0
            while run.bits(1):
                z += 1
                if z > 26:
                    fail("E_TABLE", run.start)
            previous += z // 2 if z % 2 == 0 else -(z + 1) // 2
            if previous < 0 or previous > 12:
                fail("E_TABLE", run.start)
            if previous:
                m = min(previous - 1, precision)
                f[i] = ((1 << m) + run.bits(m)) << (previous - 1 - m)
            total += f[i]
        f[peak] = 4096 - total
        if f[peak] < 1 or f[0] == 0 or f[last] == 0:
            fail("E_TABLE", run.start)
        found.append(Table(first, f))
    run.end()
    return found


# Clause 8: everything is parsed first; what is returned decodes it (phase 3).

Tokens = Callable[[], list[int]]


@dataclass
class View:
    kind: int
    rows: int
    channels: int = 0
    period: int = 0
    lengths: list[int] = field(default_factory=list)

    @property
    def columns(self) -> int:
        return self.channels * self.period

    @property
    def size(self) -> int:
        return sum(self.lengths) if self.kind == 2 else self.rows * self.columns

    def row_of(self) -> list[int]:
        if self.kind == 2:
            return [r for r, n in enumerate(self.lengths) for _ in range(n)]
        return [r for r in range(self.rows) for _ in range(self.columns)]


@dataclass
class Around:
    profile: int
    shared: list[Table]


@dataclass
class Rules:
    """Trellis rules of a block: which trellis, segment length; and the quantizer bits once decoded."""

    trellis: int
    segment: int
    quantizers: list[int] = field(default_factory=list)


def symbol_block(reader: Reader, n: int, around: Around, view: View | None = None) -> Tokens:
    coder = reader.checked(lambda: reader.uint(1), (lambda v: v <= 4, "E_RESERVED"))
    return symbol_data(reader, coder, n, around, view, None)


def symbol_data(
    reader: Reader, coder: int, n: int, around: Around, view: View | None, rules: Rules | None
) -> Tokens:
    start = reader.at
    if coder == 0:
        width = reader.checked(lambda: reader.uint(1), (lambda v: 1 <= v <= 8, "E_RESERVED"))
        data = reader.take((n * width + 7) // 8)

        def packed() -> list[int]:
            values, sound = fields(data, n, width)
            if not sound:
                fail("E_PADDING", start)
            return values

        return packed
    if coder == 1:
        return rans(reader, n, around, view, rules)
    if coder == 2:
        return huffman(reader, n)
    data = reader.take(reader.varint())
    return lambda: list((bzip2 if coder == 3 else zstd)(data, n, start))


def huffman(reader: Reader, n: int) -> Tokens:
    start = reader.at
    first, last = reader.uint(1), reader.uint(1)
    lengths, sound = fields(reader.take((last + 2) // 2), last + 1, 4)
    if first + last > 255 or not sound or lengths[0] == 0 or lengths[-1] == 0:
        fail("E_TABLE", start)
    kraft = sum(Fraction(1, 2**length) for length in lengths if length)
    if lengths != [1] if last == 0 else kraft != 1:
        fail("E_TABLE", start)
    lanes = reader.checked(reader.varint, (lambda v: 1 <= v <= 65536 and v <= n and n <= 8192 * v, "E_LIMIT"))
    sizes = [reader.varint() for _ in range(lanes)]
    data = reader.take(sum(sizes))
    codes: dict[tuple[int, int], int] = {}
    code = previous = 0
    for length in range(1, 16):
        for i, own in enumerate(lengths):
            if own == length:
                code <<= length - previous
                previous = length
                codes[length, code] = first + i
                code += 1

    def decode() -> list[int]:
        tokens = [0] * n
        at = 0
        for lane, size in enumerate(sizes):
            bits = [byte >> k & 1 for byte in data[at : at + size] for k in range(7, -1, -1)]
            at += size
            place = 0
            for i in range(lane, n, lanes):
                word = length = 0
                while (length, word) not in codes:
                    if place == len(bits) or length == 15:
                        fail("E_ENTROPY", start)
                    word = word << 1 | bits[place]
                    place += 1
                    length += 1
                tokens[i] = codes[length, word]
            if len(bits) - place >= 8 or any(bits[place:]):
                fail("E_ENTROPY", start)
        return tokens

    return decode


def rans(reader: Reader, n: int, around: Around, view: View | None, rules: Rules | None) -> Tokens:
    start = reader.at
    mode = reader.checked(
        lambda: reader.uint(1),
        (lambda v: v <= 3, "E_RESERVED"),
        (lambda v: around.profile == 1 or not v & 1, "E_PROFILE"),
        (lambda v: view is not None or not v & 1, "E_VIEW"),
    )
    contexts = 1
    lists: list[tuple[int, int, Tokens | None]] = []
    if mode & 1 and view is not None:
        contexts = reader.ranged(2, 64)
        for count in [view.rows] if view.kind == 2 else [view.rows, view.channels, view.period]:
            at = reader.at
            present = reader.checked(lambda: reader.uint(1), (lambda v: v <= 1, "E_RESERVED"))
            lists.append((at, count, symbol_block(reader, count, around) if present else None))
    needed = contexts * (2 if rules else 1)
    if mode & 2:
        shared = len(around.shared)
        base = reader.checked(reader.varint, (lambda v: v + needed <= shared, "E_TABLE"))
        own = around.shared[base : base + needed]
    else:
        own = tables(reader, needed)
    t = rules.segment if rules else 1
    segments = math.ceil(Fraction(n, t))
    lanes = reader.checked(
        reader.varint,
        (lambda v: 1 <= v <= 65536 and v <= segments, "E_LIMIT"),
        (lambda v: t * math.ceil(Fraction(segments, v)) <= 8192, "E_LIMIT"),
    )
    words = reader.varint()
    at_states = reader.at
    states = struct.unpack(f"<{lanes}I", reader.take(4 * lanes))
    if min(states) < 2**16:
        fail("E_ENTROPY", at_states)
    word = struct.unpack(f"<{words}H", reader.take(2 * words))

    def decode() -> list[int]:
        context = [0] * n
        if mode & 1 and view is not None:
            classes = []
            for at, count, block in lists:
                classes.append(block() if block else [0] * count)
                if max(classes[-1]) > 63:
                    fail("E_RANGE", at)
            for i, r in enumerate(view.row_of()):
                total = classes[0][r]
                if view.kind != 2:
                    j = i % view.columns
                    total += classes[1][j // view.period] + classes[2][j % view.period]
                context[i] = min(total, contexts - 1)
        slots = [table.slots() for table in own]
        tokens = [0] * n
        if rules:
            rules.quantizers = [0] * n
        x = list(states)
        s = [0] * lanes
        w = 0
        for b in range(math.ceil(Fraction(segments, lanes))):
            for k in range(t):
                for lane in range(lanes):
                    i = (b * lanes + lane) * t + k
                    if i >= n:
                        continue
                    if k == 0:
                        s[lane] = 0
                    q = QUANTIZER[rules.trellis][s[lane]] if rules else 0
                    number = 2 * context[i] + q if rules else context[i]
                    slot = x[lane] & 4095
                    v, f, begin = slots[number][slot]
                    tokens[i] = v
                    x[lane] = f * (x[lane] >> 12) + slot - begin
                    if rules:
                        rules.quantizers[i] = q
                        s[lane] = NEXT[rules.trellis][s[lane]][v & 1]
                    if x[lane] < 2**16:
                        if w == words:
                            fail("E_ENTROPY", start)
                        x[lane] = (x[lane] << 16) + word[w]
                        w += 1
        if w < words or any(v != 2**16 for v in x):
            fail("E_ENTROPY", start)
        return tokens

    return decode


@dataclass
class Integers:
    """A parsed integer block; `tokens` is phase 3, `decode` phase 4."""

    offset: int
    tokens: Callable[[], list[list[int]]]
    decode: Callable[[list[list[int]]], list[int]]


def integer_block(reader: Reader, view: View, around: Around, rules: Rules | None) -> Integers:
    m = view.size
    offset = reader.at
    flags = reader.checked(
        lambda: reader.uint(1),
        (lambda v: v < 64 and v & 7 <= 4, "E_RESERVED"),
        (lambda v: not rules or v & ~8 == 1, "E_TRELLIS"),
    )
    at = reader.at
    lo = reader.sranged()
    if rules and lo % 2:
        fail("E_TRELLIS", at)
    low_bits = 0
    if flags & 16:
        low_bits = reader.checked(lambda: reader.uint(1), (lambda v: 1 <= v <= 24, "E_LIMIT"))
    escapes = []
    if flags & 8:
        for _ in range(reader.ranged(1, m)):
            at = reader.at
            escapes.append(reader.sranged())
            if lo <= escapes[-1] <= lo + 254:
                fail("E_ESCAPE", at)
            if rules and escapes[-1] % 2 == 0:
                fail("E_TRELLIS", at)
    background, n = 0, m
    if flags & 32:
        background = reader.sranged()
        n = reader.ranged(1, m)
    low = reader.take((n * low_bits + 7) // 8)
    gaps = symbol_block(reader, n, around) if flags & 32 else None
    data = symbol_data(reader, flags & 7, n, around, None if flags & 32 else view, rules)

    def tokens() -> list[list[int]]:
        return [block() for block in (gaps, data) if block]

    def decode(runs: list[list[int]]) -> list[int]:
        if flags & 8 and runs[-1].count(255) != len(escapes):
            fail("E_ESCAPE", offset)
        parts, sound = fields(low, n, low_bits)
        if not sound:
            fail("E_PADDING", offset)
        rest = iter(escapes)
        values = []
        for token, part in zip(runs[-1], parts, strict=True):
            v = next(rest) if flags & 8 and token == 255 else lo + token
            v = v * 2**low_bits + part
            if abs(v) >= 2**31:
                fail("E_RANGE", offset)
            values.append(v)
        if not flags & 32:
            return values
        integers = [background] * m
        place = -1
        for gap, v in zip(runs[0], values, strict=True):
            place += gap + 1
            if place >= m:
                fail("E_RANGE", offset)
            integers[place] = v
        return integers

    return Integers(offset, tokens, decode)


# Clause 9.7: arithmetic


def round_binary(value: Fraction, digits: int, lowest: int) -> Fraction:
    """Round to nearest, ties to even, to `digits` significant bits, at least 2**lowest apart."""
    if value == 0:
        return value
    magnitude = abs(value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if magnitude < Fraction(2) ** exponent:
        exponent -= 1
    unit = Fraction(2) ** max(exponent - digits + 1, lowest)
    return round(value / unit) * unit  # round() takes ties to even


FORMATS = {
    8: (11, -24, 16, 5, 10),
    9: (8, -133, 128, 8, 7),
    10: (24, -149, 128, 8, 23),
    11: (53, -1074, 1024, 11, 52),
}
"""By element type: significant bits, exponents of the least subnormal and of infinity, bits of exponent and
fraction."""


def element_bits(value: Fraction, kind: int, *, negative: bool) -> int | None:
    """Return the bit pattern of `value` rounded to a type; None for infinity. `negative` signs a zero."""
    digits, lowest, top, exponent_bits, fraction_bits = FORMATS[kind]
    rounded = abs(round_binary(value, digits, lowest))
    sign = int(negative) << (exponent_bits + fraction_bits)
    if rounded >= Fraction(2) ** top:
        return None
    units = rounded / Fraction(2) ** lowest
    assert units.denominator == 1
    m = int(units)
    extra = max(m.bit_length() - digits, 0)
    if m.bit_length() < digits:
        return sign | m
    return sign | (extra + 1) << fraction_bits | (m >> extra) - (1 << fraction_bits)


def basis(n: int) -> list[list[int]]:
    """Appendix A."""
    return [
        [
            round(2**12 * math.sqrt((2 if k else 1) / n) * math.cos(math.pi * (2 * x + 1) * k / (2 * n)))
            for x in range(n)
        ]
        for k in range(n)
    ]


def step_code(b: int) -> int:
    return (8 + (b & 7)) << (b >> 3)


def f32(data: bytes) -> float:
    value: float = struct.unpack("<f", data)[0]
    return value


# Clause 7


class Tensor:
    """One TENSOR section; the constructor is phase 2, `decode` phases 3 to 5."""

    def __init__(self, data: bytes, base: int, output: int, around: Around) -> None:
        reader = Reader(data, base)
        head = reader.checked(
            lambda: reader.uint(1),
            (lambda v: v >> 4 <= 2, "E_UNSUPPORTED"),
            (lambda v: v & 15 in WIDTHS, "E_RESERVED"),
            (lambda v: v >> 4 != 1 or WIDTHS[v & 15] <= 8, "E_TYPE"),
            (lambda v: v >> 4 != 2 or v & 15 >= 8, "E_TYPE"),
        )
        self.tool, self.kind = head >> 4, head & 15
        self.width = WIDTHS[self.kind]
        at = reader.at
        view_kind = reader.checked(lambda: reader.uint(1), (lambda v: v <= 2, "E_RESERVED"))
        if view_kind == 2:
            rows = reader.ranged(1, 65536)
            self.view = View(2, rows, lengths=[reader.ranged(1, TOP) for _ in range(rows)])
        else:
            rows, channels, period = (reader.ranged(1, TOP) for _ in range(3))
            self.view = View(view_kind, rows, channels, period)
        if self.view.size >= 2**31:
            fail("E_LIMIT", at)
        if self.view.size * self.width != output:
            fail("E_SIZE", at)
        parse = {0: self._planes, 1: self._codebook, 2: self._uniform}[self.tool]
        self._bits = parse(reader, around)
        reader.end()

    @property
    def part_sizes(self) -> list[int]:
        return [n * self.width for n in (self.view.lengths if self.view.kind == 2 else [self.view.size])]

    def decode(self) -> bytes:
        bits = self._bits()
        if self.view.kind == 1:
            rows, channels, period = self.view.rows, self.view.channels, self.view.period
            placed = [0] * len(bits)
            for i, value in enumerate(bits):
                r, j = divmod(i, self.view.columns)
                c, p = divmod(j, period)
                placed[(c * rows + r) * period + p] = value
            assert channels * period == self.view.columns
            bits = placed
        return b"".join(value.to_bytes(self.width, "little") for value in bits)

    def _planes(self, reader: Reader, around: Around) -> Tokens:
        flags = reader.checked(
            lambda: reader.uint(1),
            (lambda v: v <= 1, "E_RESERVED"),
            (lambda v: self.kind >= 8 or not v, "E_TYPE"),
        )
        blocks = [symbol_block(reader, self.view.size, around, self.view) for _ in range(self.width)]

        def decode() -> list[int]:
            planes = [block() for block in blocks]
            bits = []
            for row in zip(*planes, strict=True):
                u = int.from_bytes(bytes(row), "big")
                if flags:
                    u = u // 2 + (u % 2) * 2 ** (8 * self.width - 1)
                bits.append(u)
            return bits

        return decode

    def _codebook(self, reader: Reader, around: Around) -> Tokens:
        entry_width = reader.checked(lambda: reader.uint(1), (lambda v: 1 <= v <= self.width, "E_CODEBOOK"))
        count = reader.ranged(1, 65536)
        at = reader.at
        data = reader.take(count * entry_width)
        entries = [
            int.from_bytes(data[i : i + entry_width], "little") for i in range(0, len(data), entry_width)
        ]
        if any(a >= b for a, b in pairwise(entries)):
            fail("E_CODEBOOK", at)
        block = integer_block(reader, self.view, around, None)

        def decode() -> list[int]:
            indices = block.decode(block.tokens())
            if any(not 0 <= i < count for i in indices):
                fail("E_RANGE", block.offset)
            return [entries[i] << 8 * (self.width - entry_width) for i in indices]

        return decode

    def _uniform(self, reader: Reader, around: Around) -> Tokens:
        view = self.view
        ragged = view.kind == 2
        flags = reader.checked(
            lambda: reader.uint(1),
            (lambda v: v < 128 and v & 3 != 3, "E_RESERVED"),
            (lambda v: around.profile == 1 or not v & 27, "E_PROFILE"),
            (lambda v: not (v & 20 if ragged else v & 64), "E_VIEW"),
        )
        at = reader.at
        step = f32(reader.take(4))
        if not 2.0**-126 <= step < math.inf:
            fail("E_STEP", at)
        offset = 0.0
        if flags & 32:
            at = reader.at
            offset = f32(reader.take(4))
            if not math.isfinite(offset) or offset == 0:
                fail("E_STEP", at)
        h = w = 1
        t = 0
        if flags & 4:
            block_code = reader.uint(1)
            h, w = block_code // 16 + 1, block_code % 16 + 1
            t = reader.checked(
                lambda: reader.uint(1),
                (lambda v: v <= 6, "E_RESERVED"),
                (lambda v: 2**v * h * w == view.period, "E_VIEW"),
            )
        row_codes = symbol_block(reader, view.rows, around) if flags & 8 else None
        column_codes = symbol_block(reader, view.columns, around) if flags & 16 else None
        bases = [reader.sranged() for _ in range(view.rows)] if flags & 64 else [0] * view.rows
        rules = Rules(flags & 3, reader.ranged(1, 8192)) if flags & 3 else None
        levels = integer_block(reader, view, around, rules)
        in_range = "E_RANGE", levels.offset

        def decode() -> list[int]:
            r_codes = row_codes() if row_codes else None
            c_codes = column_codes() if column_codes else None
            integers = levels.decode(levels.tokens())
            rows = view.row_of()
            x = []
            for i, k in enumerate(integers):
                k += bases[rows[i]]
                if abs(k) >= 2**31:
                    fail(*in_range)
                q = rules.quantizers[i] if rules else 0
                fine = 2 * k - q * ((k > 0) - (k < 0)) if rules else k
                fine *= step_code(c_codes[i % view.columns]) if c_codes else 1
                if abs(fine) >= 2**52:
                    fail(*in_range)
                x.append(fine)
            scale = Fraction(step)
            if flags & 4:
                if any(abs(v) > 2 ** (23 - t) for v in x):
                    fail(*in_range)
                x = inverse_transform(x, t, h, w)
                scale /= 2**24
            bits = []
            for i, y in enumerate(x):
                factor = scale * (step_code(r_codes[rows[i]]) if r_codes else 1)
                value = round_binary(y * factor, 53, -1074)
                negative = value < 0
                if flags & 32:
                    total = round_binary(value + Fraction(offset), 53, -1074)
                    negative = total < 0  # a sum of zero is +0
                    value = total
                found = element_bits(value, self.kind, negative=negative)
                if found is None:
                    fail(*in_range)
                    break
                bits.append(found)
            return bits

        return decode


def inverse_transform(x: list[int], t: int, h: int, w: int) -> list[int]:
    """Clause 9.8, for blocks of 2^t * h * w that follow each other."""
    b_h, b_w = basis(h), basis(w)
    size = h * w
    out = []
    for start in range(0, len(x), size << t):
        planes = [x[start + m * size : start + (m + 1) * size] for m in range(1 << t)]
        for n in range(1 << t):
            v = [
                sum((-1) ** (n & m).bit_count() * plane[i] for m, plane in enumerate(planes))
                for i in range(size)
            ]
            z = [[sum(v[u * w + k] * b_w[k][j] for k in range(w)) for j in range(w)] for u in range(h)]
            out += [sum(b_h[u][i] * z[u][j] for u in range(h)) for i in range(h) for j in range(w)]
    return out


# Clauses 5, 6 and 9.2


@dataclass
class Entry:
    type: int
    length: int
    output: int
    crc: int
    offset: int


@dataclass
class Output:
    size: int
    sha256: bytes
    name: bytes | None
    name_offset: int
    name_length: int


def decode(file: bytes, *, hashes: bool = True) -> dict[str | None, bytes]:
    """Return the output files by name, the model under None; raises SpecError.

    Parameters
    ----------
    file
        A `.nntc` file.
    hashes
        Whether to check SHA-256, which a maker of test files does not know yet.
    """
    profile, entries = _head(file)
    tensors = [e for e in entries if e.type == 4]
    graph = entries[0]
    files, runs, source, used, skeleton = _graph(_section(file, graph), graph, len(tensors), len(file))
    around = Around(profile, [])
    for entry in entries:
        if entry.type == 3:
            reader = Reader(_section(file, entry), entry.offset)
            around.shared = tables(reader, reader.ranged(1, 1024))
            reader.end()
    ends = []
    total = 0
    for output in files:
        total += output.size
        ends.append(total)
    out = bytearray()
    at = ragged = taken = opened = 0
    parts: list[list[bytes]] = []
    for i, (s, k, fresh) in enumerate(source):
        at += runs[i]
        if at > total:
            fail("E_SPLICE", graph.offset)
        out += skeleton[taken : taken + runs[i]]
        taken += runs[i]
        if fresh:
            assert s == opened
            opened += 1
            tensor = Tensor(_section(file, tensors[s]), tensors[s].offset, tensors[s].output, around)
            payload = tensor.decode()
            if tensor.view.kind == 2:
                ragged += len(payload)
                if ragged > 2**24:
                    fail("E_LIMIT", tensors[s].offset)
            if used[s] != len(tensor.part_sizes):
                fail("E_SPLICE", tensors[s].offset)
            parts.append([])
            begin = 0
            for size in tensor.part_sizes:
                parts[-1].append(payload[begin : begin + size])
                begin += size
        piece = parts[s][k]
        if not any(
            end - output.size <= at and at + len(piece) <= end
            for output, end in zip(files, ends, strict=True)
        ):
            fail("E_SPLICE", graph.offset)
        out += piece
        at += len(piece)
    out += skeleton[taken:]
    if len(out) != total:
        fail("E_SPLICE", graph.offset)
    for entry in entries:
        if entry.type >= 128:
            _section(file, entry)
    result: dict[str | None, bytes] = {}
    for output, end in zip(files, ends, strict=True):
        data = bytes(out[end - output.size : end])
        if hashes and hashlib.sha256(data).digest() != output.sha256:
            fail("E_HASH", 0)
        result[None if output.name is None else output.name.decode()] = data
    return result


def _section(file: bytes, entry: Entry) -> bytes:
    data = file[entry.offset : entry.offset + entry.length]
    if zlib.crc32(data) != entry.crc:
        fail("E_CRC", entry.offset)
    return data


def _head(file: bytes) -> tuple[int, list[Entry]]:
    reader = Reader(file, 0)
    if reader.take(8) != SIGNATURE:
        fail("E_SIGNATURE", 0)
    major, minor, wanted, profile = (reader.uint(1) for _ in range(4))
    count, length, crc = (reader.uint(4) for _ in range(3))
    if crc != zlib.crc32(file[:20]):
        fail("E_CRC", 20)
    if major != 1:
        fail("E_VERSION", 8)
    if wanted > minor:
        fail("E_RESERVED", 10)
    if wanted > 0:
        fail("E_VERSION", 10)
    if profile > 1:
        fail("E_PROFILE", 11)
    if not 1 <= count <= 2**20:
        fail("E_LIMIT", 12)
    if length > 2**25:
        fail("E_LIMIT", 16)
    directory = reader.take(length)
    if reader.uint(4) != zlib.crc32(directory):
        fail("E_CRC", 24 + length)
    reader = Reader(directory, 24, cut="E_DIRECTORY")
    entries: list[Entry] = []
    offset = 28 + length
    for i in range(count):
        previous = entries[-1].type if entries else 0
        kind = reader.checked(
            lambda: reader.uint(1),
            (lambda v: v not in (0, 128), "E_RESERVED"),
            (lambda v: v >= 128 or v in (1, 3, 4), "E_UNSUPPORTED"),
            (lambda v: v == 1 if i == 0 else v != 1 and v >= previous and not v == previous == 3, "E_ORDER"),  # noqa: B023 - called at once
        )
        stored = reader.ranged(0, 2**40 - 1)
        output = reader.checked(
            reader.varint,
            (lambda v: v <= 2**31, "E_LIMIT"),
            (lambda v: (v != 0) == (kind in (1, 4)), "E_SIZE"),  # noqa: B023
            (lambda v: v <= 65536 * stored + 65536, "E_EXPANSION"),  # noqa: B023
        )
        entries.append(Entry(kind, stored, output, reader.uint(4), offset))
        offset += stored
    if reader.place < len(directory):
        fail("E_DIRECTORY", reader.at)
    for entry in entries:
        if entry.offset + entry.length > len(file):
            fail("E_TRUNCATED", entry.offset)
    if offset < len(file):
        fail("E_TRAILING", offset)
    return profile, entries


Resolved = tuple[list[Output], list[int], list[tuple[int, int, bool]], list[int], bytes]


def _graph(data: bytes, entry: Entry, tensors: int, size: int) -> Resolved:
    reader = Reader(zstd(data, entry.output, entry.offset), entry.offset, opaque=True)
    files = []
    for j in range(reader.ranged(1, 65536)):
        output = Output(reader.ranged(0, 2**48 - 1), reader.take(32), None, 0, 0)
        if j:
            output.name_offset = reader.varint()
            output.name_length = reader.ranged(1, 255, "E_FILE_NAME")
        files.append(output)
    if sum(output.size for output in files) > 65536 * size:
        fail("E_EXPANSION", entry.offset)
    runs: list[int] = []
    source: list[tuple[int, int, bool]] = []
    used: list[int] = []
    for i in range(reader.ranged(0, 2**20)):
        runs.append(reader.varint())
        piece = reader.varint()
        if piece == 0:
            if len(used) == tensors:
                fail("E_SPLICE", entry.offset)
            source.append((len(used), 0, True))
            used.append(1)
        elif piece % 2:
            s = len(used) - (piece + 1) // 2
            if s < 0:
                fail("E_SPLICE", entry.offset)
            source.append((s, used[s], False))
            used[s] += 1
        else:
            if piece // 2 > i:
                fail("E_SPLICE", entry.offset)
            s, k, _ = source[i - piece // 2]
            source.append((s, k, False))
    if len(used) < tensors:
        fail("E_SPLICE", entry.offset)
    skeleton = reader.data[reader.place :]
    if sum(runs) > len(skeleton):
        fail("E_SPLICE", entry.offset)
    seen = set()
    for output in files[1:]:
        end = output.name_offset + output.name_length
        name = skeleton[output.name_offset : end]
        if end > len(skeleton) or not _is_plain(name) or _folded(name) in seen:
            fail("E_FILE_NAME", entry.offset)
        seen.add(_folded(name))
        output.name = name
    return files, runs, source, used, skeleton


def _is_plain(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    forbidden = set(range(0x20)) | {0x7F, 0x2F, 0x5C, 0x3A, 0x2A, 0x3F, 0x22, 0x3C, 0x3E, 0x7C}
    return not forbidden & set(name) and name[0] != 0x2E and name[-1] not in (0x2E, 0x20)


def _folded(name: bytes) -> bytes:
    return bytes(b + 32 if 65 <= b <= 90 else b for b in name)

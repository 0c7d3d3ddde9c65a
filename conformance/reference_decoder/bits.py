"""Clauses 3.2 to 3.5: reading fields, varints and bit runs."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import NntcError

Buffer = bytes | bytearray | memoryview


class Reader:
    """Reads the fields of header, directory or one section in stored order [R-010].

    ``base`` is the offset of the first byte in the file. ``field`` is always the offset of the first byte of
    the field read last: a check made right after reading reports there (clause 3.3). With ``fixed``, every
    error is reported at ``base`` (the content of GRAPH, R-207). ``short`` is the id for a field that does not
    fit (E_DIRECTORY in the directory, R-150).
    """

    def __init__(self, data: Buffer, base: int, *, fixed: bool = False, short: str = "E_TRUNCATED") -> None:
        self.data = memoryview(data)
        self.base = base
        self.fixed = fixed
        self.short = short
        self.pos = 0  # fields are read in stored order, each checked right after it is read
        self.field = base

    def here(self) -> int:
        """Offset in the file of the next byte."""
        return self.base if self.fixed else self.base + self.pos

    def left(self) -> int:
        """Number of bytes not yet read."""
        return len(self.data) - self.pos

    def require(self, holds: bool, error: str, text: str = "", at: int | None = None) -> None:
        """Fail with ``error`` at the field read last (or at ``at``) unless ``holds``."""
        if not holds:
            raise NntcError(error, self.field if at is None else at, text)

    def take(self, size: int) -> memoryview:
        """bytes[size], or an array as a whole, as one field [R-011]."""
        self.field = self.here()
        self.require(size <= self.left(), self.short, "field does not fit")
        taken = self.data[self.pos : self.pos + size]
        self.pos += size
        return taken

    def u8(self) -> int:
        """u8 of clause 3.2."""
        return self.take(1)[0]

    def u32(self) -> int:
        """u32 of clause 3.2."""
        return int.from_bytes(self.take(4), "little")

    def varint(self) -> int:
        """varint() of clause 3.4 [R-011], [R-013]."""
        self.field = self.here()
        value = 0
        shift = 0
        while True:
            self.require(self.left() > 0, self.short, "varint does not fit")
            byte = self.data[self.pos]
            self.pos += 1
            value += (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            self.require(shift < 63, "E_VARINT", "varint of more than 9 bytes")
        self.require(byte != 0 or shift == 7, "E_VARINT", "varint is not minimal")
        return value

    def svarint(self) -> int:
        """svarint of clause 3.2: 0, -1, 1, -2, ..."""
        z = self.varint()
        return z // 2 if z % 2 == 0 else -(z + 1) // 2

    def finish(self) -> None:
        """No byte may be left in the section [R-012]."""
        self.require(self.left() == 0, "E_TRAILING", "bytes after the last field", at=self.here())


class BitRun:
    """A bit run whose length is not known beforehand (frequency tables): each byte is a field [R-011]."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.start = reader.here()
        self.byte = 0
        self.unread = 0

    def bit(self) -> int:
        """The next bit, from bit 0 of a byte up to bit 7 (clause 3.5)."""
        if self.unread == 0:
            self.byte = self.reader.u8()  # E_TRUNCATED at the byte that is missing
            self.unread = 8
        value = self.byte & 1
        self.byte >>= 1
        self.unread -= 1
        return value

    def bits(self, count: int) -> int:
        """bits(count): least significant bit first."""
        return sum(self.bit() << i for i in range(count))

    def finish(self) -> None:
        """The unused bits of the last byte must be zero; reported at that byte [R-014]."""
        self.reader.require(self.byte == 0, "E_PADDING", "padding of frequency tables")


def run_size(count: int, width: int) -> int:
    """Number of bytes of a bit run of ``count`` fields of ``width`` bits (clause 3.5)."""
    return (count * width + 7) // 8


def padding_is_zero(run: Buffer, count: int, width: int) -> bool:
    """Whether the bits after the last field are zero (R-014; each caller has its own place to report)."""
    used = count * width % 8
    return used == 0 or run[len(run) - 1] >> used == 0


def fields(run: Buffer, count: int, width: int) -> Iterator[int]:
    """The fields of a bit run of known length, in order (clause 3.5)."""
    pool = 0  # bits taken from the run and not yet given out
    have = 0
    at = 0
    for _ in range(count):
        while have < width:
            pool |= run[at] << have
            at += 1
            have += 8
        yield pool & ((1 << width) - 1)
        pool >>= width
        have -= width

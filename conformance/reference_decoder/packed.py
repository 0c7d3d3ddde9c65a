"""Clauses 8.3 and 8.4: the coders packed, bzip2 and zstd, with what clause 9.4 says on them."""

from __future__ import annotations

from dataclasses import dataclass

from .bits import Reader, fields, padding_is_zero, run_size
from .coding import BZIP2, Tokens
from .errors import NntcError
from .frames import bzip2_stream, zstd_frame


@dataclass(frozen=True, slots=True)
class Packed:
    """Clause 8.4. ``offset`` is the first byte of the symbol data."""

    offset: int
    n: int
    width: int
    run: memoryview

    def decode(self) -> Tokens:
        """Clause 9.4, packed: padding is reported at the width field [R-014]."""
        if not padding_is_zero(self.run, self.n, self.width):
            raise NntcError("E_PADDING", self.offset, "packed tokens")
        return Tokens(bytearray(fields(self.run, self.n, self.width)))


@dataclass(frozen=True, slots=True)
class Compressed:
    """Coders 3 and 4 of clause 8.3: the tokens are the decoded bytes."""

    offset: int
    n: int
    coder: int
    stretch: memoryview

    def decode(self) -> Tokens:
        """Clauses 3.6 and 3.7; errors are reported at the length field [R-420]."""
        try:
            if self.coder == BZIP2:
                return Tokens(bzip2_stream(self.stretch, self.n))
            return Tokens(zstd_frame(self.stretch, self.n))
        except ValueError as problem:
            error = "E_BZIP2" if self.coder == BZIP2 else "E_ZSTD"
            raise NntcError(error, self.offset, str(problem)) from None


def read_packed(reader: Reader, n: int) -> Packed:
    """Clause 8.4."""
    offset = reader.here()
    width = reader.u8()
    reader.require(1 <= width <= 8, "E_RESERVED", "width of packed tokens")
    return Packed(offset, n, width, reader.take(run_size(n, width)))


def read_compressed(reader: Reader, n: int, coder: int) -> Compressed:
    """Coders 3 and 4 of clause 8.3: length, bytes."""
    offset = reader.here()
    length = reader.varint()
    return Compressed(offset, n, coder, reader.take(length))

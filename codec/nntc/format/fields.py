"""Fields as the tables of SPEC.md have them: name, type, presence, range and error.

A field is a `construct` of its own; a `Layout` declares a `construct.Struct` of fields, once and for
both sides: `read` gives a frozen dataclass, `write` takes one. Checks stand beside the field that they
belong to, in the order of writing, each with its requirement. A fault is reported at the first byte of the
field [R-010, R-011].

Implements SPEC.md 3.1 to 3.4 (R-010 to R-013).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Generic, Self, TypeVar

import construct as c

from nntc.errors import FormatError, UnsupportedError

Named = Mapping[str, Any]
Check = Callable[[Any, Named, Named], Any]
"""Whether a value is allowed, from the value, the fields before it, and what the caller of `read` gave."""
Presence = Callable[[Named, Named], Any]
Value = TypeVar("Value")


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
        is then reported at `base` [R-207].
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
        """Read exactly `length` bytes or raise E_TRUNCATED where they begin [R-011]."""
        start = self.tell()
        if length > self.size - start:
            raise FormatError("E_TRUNCATED", f"{what} needs {length} bytes", self.at(start))
        return self.read(length)

    def finish(self, what: str) -> None:
        """Raise E_TRAILING if bytes are left [R-012]."""
        if self.tell() != self.size:
            raise FormatError("E_TRAILING", f"bytes left after {what}", self.at())


class Field(c.Construct):  # type: ignore[misc]
    """A field of a table: a type, when it is present, and what its value must be."""

    def __init__(self) -> None:
        super().__init__()
        self.requirements: tuple[str, ...] = ()
        self._checks: tuple[tuple[Check, type[FormatError], str, str], ...] = ()
        self.presence: Presence | None = None
        self._convert: Callable[[Any], Any] | None = None

    def take(self, stream: SectionStream, fields: Named, given: Named) -> Any:
        """Return the next value, unchecked."""
        raise NotImplementedError

    def put(self, value: Any) -> bytes:
        """Return a value's bytes."""
        raise NotImplementedError

    def must(self, requirement: str, error: str, what: str, check: Check) -> Self:
        """Add a check, after those that are there; it has the id of a requirement, or of two."""
        kind = UnsupportedError if error in _UNSUPPORTED else FormatError
        self._checks += ((check, kind, error, what),)
        self.requirements += tuple(requirement.split())
        return self

    def within(self, requirement: str, low: int, high: int, error: str, what: str) -> Self:
        """Add the check that the value is in low..high, both included."""
        return self.must(requirement, error, what, lambda value, _fields, _given: low <= value <= high)

    def becomes(self, convert: Callable[[Any], Any]) -> Self:
        """Say what a valid value becomes, such as an enum; there are few of them."""
        self._convert = cache(convert)
        return self

    def when(self, presence: Presence) -> Self:
        """Say when the field is present; absent it is None."""
        self.presence = presence
        return self

    def read(self, stream: SectionStream, fields: Named = {}, **given: Any) -> Any:  # noqa: B006 - never changed
        """Read and check the field on its own.

        Raises
        ------
        FormatError
            E_TRUNCATED, E_VARINT, or what a check says, at the first byte of the field.
        """
        return self.checked(stream, fields, given)

    def checked(self, stream: SectionStream, fields: Named, given: Named) -> Any:
        """Read and check the field after those before it."""
        start = stream.tell()
        value = self.take(stream, fields, given)
        for check, kind, error, what in self._checks:
            if not check(value, fields, given):
                shown = f": {value}" if isinstance(value, int | float) else ""
                raise kind(error, what + shown, stream.at(start))
        convert = self._convert
        return value if convert is None else convert(value)

    def _parse(self, stream: SectionStream, context: Any, _path: str) -> Any:
        given = context["_params"]
        is_present = self.presence is None or self.presence(context, given)
        return self.checked(stream, context, given) if is_present else None


_UNSUPPORTED = frozenset({"E_UNSUPPORTED", "E_VERSION"})


class Number(Field):
    """A number of fixed width, little-endian."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self._struct = struct.Struct("<" + code)
        self._size = self._struct.size

    def take(self, stream: SectionStream, _fields: Named, _given: Named) -> Any:
        """Return the next value, unchecked."""
        data = stream.read(self._size)
        if len(data) != self._size:
            raise FormatError("E_TRUNCATED", "field is cut off", stream.at() - stream.scale * len(data))
        return self._struct.unpack(data)[0]

    def put(self, value: Any) -> bytes:
        """Return a value's bytes."""
        return self._struct.pack(value)


class Raw(Field):
    """Bytes, as many as `length` says."""

    def __init__(self, length: int | Callable[[Named, Named], int], what: str = "field") -> None:
        super().__init__()
        self._length = length
        self._what = what

    def take(self, stream: SectionStream, fields: Named, given: Named) -> bytes:
        """Return the next value, unchecked."""
        length = self._length
        return stream.take(length if isinstance(length, int) else length(fields, given), self._what)

    def put(self, value: bytes) -> bytes:
        """Return a value's bytes."""
        return value


class VarInt(Field):
    """Unsigned integer, seven bits to a byte, in the fewest bytes, at most nine [R-013]."""

    def take(self, stream: SectionStream, _fields: Named = {}, _given: Named = {}) -> int:  # noqa: B006
        """Return the next value, unchecked."""
        byte = stream.read(1)
        if byte and byte[0] < 0x80:
            return byte[0]
        start = stream.tell() - len(byte)
        value = shift = 0
        while True:
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
            byte = stream.read(1)

    def put(self, value: int) -> bytes:
        """Return a value's bytes."""
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value)
        return bytes(out)


class SVarInt(VarInt):
    """Signed integer: 0, -1, 1, -2, ... are the varints 0, 1, 2, 3, ..."""

    def take(self, stream: SectionStream, _fields: Named = {}, _given: Named = {}) -> int:  # noqa: B006
        """Return the next value, unchecked."""
        z = super().take(stream)
        return (z >> 1) ^ -(z & 1)

    def put(self, value: int) -> bytes:
        """Return a value's bytes."""
        return super().put(value * 2 if value >= 0 else -value * 2 - 1)


def u8() -> Number:
    """Return a field of one byte."""
    return Number("B")


def u32() -> Number:
    """Return a field of four bytes."""
    return Number("I")


def f32() -> Number:
    """Return a binary32 field."""
    return Number("f")


class Layout(Generic[Value]):
    """A run of named fields: for reading and for writing, to and from a frozen dataclass.

    Parameters
    ----------
    kind
        The dataclass; it has the fields' names.
    fields
        By name, in stored order.
    """

    def __init__(self, kind: type[Value], /, **fields: Field) -> None:
        self._kind = kind
        self._names = tuple(fields)
        self._fields = tuple(fields.values())
        self._plan = [(name, field.presence, field.checked) for name, field in fields.items()]
        self.declaration = c.Struct(*(name / field for name, field in fields.items()))
        """The fields for `construct`, which reads the same as `read` does, five times as slowly."""

    def skip(self, stream: SectionStream) -> None:
        """Go past fields that are always present; E_TRUNCATED where they do not fit, and no other check."""
        for field in self._fields:
            field.take(stream, {}, {})

    def read(self, stream: SectionStream, **given: Any) -> Value:
        """Read and check all fields; `given` is what their checks need to know from outside.

        Raises
        ------
        FormatError
            At the first byte of the first field that is at fault.
        """
        found: dict[str, Any] = {}
        for name, presence, checked in self._plan:
            present = presence is None or presence(found, given)
            found[name] = checked(stream, found, given) if present else None
        return self._kind(**found)

    def write(self, value: Value) -> bytes:
        """Return the bytes of all fields."""
        # `construct` would keep the values until the garbage collector comes.
        values = zip(self._fields, (getattr(value, name) for name in self._names), strict=True)
        return b"".join(field.put(own) for field, own in values if own is not None)

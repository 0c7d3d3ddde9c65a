"""Arrays of varints, read many at a time.

A file may hold a million of them, where one after the other would take seconds. What a varint is, and what
is wrong with one, is said in `fields` [R-013].

Implements SPEC.md 3.2 and 3.4 (R-013).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.errors import FormatError
from nntc.format.fields import Field, Named, SectionStream, SVarInt, VarInt

VARINT, SVARINT = VarInt(), SVarInt()
Numbers = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Values, and the absolute offset of each one's first byte; both rank 1."""

_CHUNK = 1 << 16
_LONGEST = 9
_FEW = 8
"""Varints that are read faster one after the other."""


def varints(stream: SectionStream, count: int) -> Iterator[Numbers]:
    """Yield `count` varints, up to 65,536 at a time.

    What is wrong with a varint is raised only after those before it have been yielded, so that whoever
    reads them can report first what is wrong with their values.
    """
    if count <= _FEW:
        yield from _few(stream, count)
        return
    while count:
        start = stream.tell()
        wanted = min(count, _CHUNK)
        data = np.frombuffer(stream.read(_LONGEST * wanted), np.uint8)
        last = np.flatnonzero(data < 0x80)[:wanted]
        first = np.append(0, last[:-1] + 1)[: last.size]
        lengths = last - first + 1
        faulty = np.flatnonzero((lengths > _LONGEST) | (lengths > 1) & (data[last] == 0))
        valid = int(faulty[0]) if faulty.size else last.size
        values = np.zeros(valid, np.int64)
        for place in range(int(lengths[:valid].max(initial=0))):
            there = lengths[:valid] > place
            values[there] |= (data[first[:valid][there] + place] & 0x7F).astype(np.int64) << 7 * place
        stream.seek(start + (int(last[valid - 1]) + 1 if valid else 0))
        yield values, stream.base + stream.scale * (start + first[:valid])
        if valid < wanted:
            VARINT.read(stream)  # raises what is wrong with it
        count -= valid


def _few(stream: SectionStream, count: int) -> Iterator[Numbers]:
    values, offsets = [], []
    fault = None
    try:
        for _ in range(count):
            offsets.append(stream.at())
            values.append(VARINT.read(stream))
    except FormatError as e:
        fault = e
    yield np.array(values, np.int64), np.array(offsets[: len(values)], np.int64)
    if fault is not None:
        raise fault


class VarInts(Field):
    """An array of varints, or with `signed` of svarints; each is a field of its own [R-011].

    Checks take and return arrays; the first value that is not allowed is reported, by the first check that
    it does not pass.

    Parameters
    ----------
    count
        How many there are, from the fields before and what the caller gave.
    dtype
        Of the array that they become, rank 1.
    """

    def __init__(
        self,
        count: Callable[[Named, Named], int],
        *,
        signed: bool = False,
        dtype: type[np.signedinteger[Any]] = np.int64,
    ) -> None:
        super().__init__()
        self._count = count
        self._signed = signed
        self._dtype = dtype

    def put(self, value: Iterable[int]) -> bytes:
        """Return the bytes of all values."""
        one = SVARINT if self._signed else VARINT
        return b"".join(one.put(int(v)) for v in value)

    def checked(self, stream: SectionStream, fields: Named, given: Named) -> NDArray[Any]:
        """Read and check the array after the fields before it."""
        count = self._count(fields, given)
        # No more than there are bytes: a cut section is found out before memory is spent on it.
        out = np.empty(min(count, stream.size - stream.tell()), self._dtype)
        done = 0
        for found, offsets in varints(stream, count):
            values = found >> 1 ^ -(found & 1) if self._signed else found
            self._check_all(values, offsets, fields, given)
            out[done : done + values.size] = values
            done += values.size
        return out

    def _check_all(
        self, values: NDArray[np.int64], offsets: NDArray[np.int64], fields: Named, given: Named
    ) -> None:
        place = values.size
        fault: tuple[type[FormatError], str, str] | None = None
        for check, kind, error, what in self._checks:
            allowed = check(values[:place], fields, given)
            if not allowed.all():
                place = int(np.argmin(allowed))
                fault = kind, error, what
        if fault is not None:
            kind, error, what = fault
            raise kind(error, f"{what}: {values[place]}", int(offsets[place]))

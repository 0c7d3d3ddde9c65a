"""Content of INDEX: for each tensor its name, type, shape, and the parts that hold it.

Implements SPEC.md 6.7 (R-273).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nntc.format.fields import Field, Layout, Named, Raw, SectionStream, VarInt, u8

VERSION = 0
MAX_NAME = 1024
MAX_RANK = 64
MAX_PART = 65535
_MAX_PRODUCT = 1 << 48


class _Dims(Field):
    """As many varints as `rank` says."""

    def take(self, stream: SectionStream, fields: Named, _given: Named) -> tuple[int, ...]:
        """Return the next value, unchecked."""
        one = VarInt()
        return tuple(one.take(stream) for _ in range(fields["rank"]))

    def put(self, value: Iterable[int]) -> bytes:
        """Return a value's bytes."""
        return b"".join(map(VarInt().put, value))


def _is_small(dims: Sequence[int], _fields: Named = {}, _given: Named = {}) -> bool:  # noqa: B006 - never changed
    product = 1
    for size in dims:
        product *= size or 1
    return product < _MAX_PRODUCT


def _is_name(rest_length: int, fields: Named, _given: Named) -> bool:
    return bool(1 <= fields["prefix"] + rest_length <= MAX_NAME)


def _is_there(section: int, fields: Named, given: Named) -> bool:
    return bool(section + fields["sections"] <= given["tensors"])


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """The fields of an entry as they are stored; `section` and `part` are None where they are absent."""

    prefix: int
    rest_length: int
    rest: bytes
    data_type: int
    rank: int
    dims: tuple[int, ...]
    sections: int
    section: int | None
    part: int | None


# No fault here is one of the file: tools treat the index as absent.
HEAD_VERSION = u8().within("R-273", VERSION, VERSION, "E_RESERVED", "index version")
HEAD_COUNT = VarInt()
ENTRY = Layout(
    StoredEntry,
    # Given: `before`, the length of the name before, and `tensors`, the number of TENSOR sections.
    prefix=VarInt().must(
        "R-273", "E_RANGE", "prefix is longer than the name before", lambda v, _, given: v <= given["before"]
    ),
    rest_length=VarInt().must("R-273", "E_LIMIT", "length of a name", _is_name),
    rest=Raw(lambda fields, _: fields["rest_length"], "name"),
    data_type=u8(),
    rank=u8().within("R-273", 0, MAX_RANK, "E_LIMIT", "rank"),
    dims=_Dims().must("R-273", "E_LIMIT", "dimensions", _is_small),
    sections=VarInt().must("R-273", "E_RANGE", "sections", lambda v, _, given: v <= given["tensors"]),
    section=VarInt()
    .must("R-273", "E_RANGE", "section", _is_there)
    .when(lambda fields, _: fields["sections"]),
    part=VarInt()
    .within("R-273", 0, MAX_PART, "E_LIMIT", "part")
    .when(lambda fields, _: fields["sections"] == 1),
)


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A tensor, and where its bytes are.

    Parameters
    ----------
    name
        UTF-8, 1 to 1,024 bytes.
    data_type
        Number of its ONNX element type, 0 to 255.
    dims
        Its shape, of rank 0 to 64.
    sections
        TENSOR sections that hold it; empty for one that is not, or not all, in them.
    part
        The part that holds it, if it is one section.
    """

    name: bytes
    data_type: int
    dims: tuple[int, ...]
    sections: range
    part: int = 0

    @property
    def fits(self) -> bool:
        """Whether an index can hold it."""
        is_named = 1 <= len(self.name) <= MAX_NAME and self.part <= MAX_PART
        is_shaped = len(self.dims) <= MAX_RANK and min(self.dims, default=0) >= 0 and _is_small(self.dims)
        return is_named and is_shaped and 0 <= self.data_type <= 255


def write_index(entries: Iterable[IndexEntry]) -> bytes:
    """Return the content of INDEX; the names differ, and everything fits."""
    ordered = sorted(entries, key=lambda entry: entry.name)
    out = bytearray(HEAD_VERSION.put(VERSION) + HEAD_COUNT.put(len(ordered)))
    before = b""
    for entry in ordered:
        shared = _shared(before, entry.name)
        rest = entry.name[shared:]
        place = entry.sections.start if entry.sections else None
        part = entry.part if len(entry.sections) == 1 else None
        head = StoredEntry(
            shared, len(rest), rest, entry.data_type, len(entry.dims), entry.dims,
            len(entry.sections), place, part,
        )  # fmt: skip
        out += ENTRY.write(head)
        before = entry.name
    return bytes(out)


def _shared(a: bytes, b: bytes) -> int:
    """Return how many bytes two names have in common at their beginning."""
    size = min(len(a), len(b))
    return next((i for i in range(size) if a[i] != b[i]), size)

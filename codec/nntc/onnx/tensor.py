"""Read one ONNX TensorProto at protobuf wire level, but not its payload.

Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from nntc.errors import ModelError
from nntc.format.names import without_dots
from nntc.onnx.protobuf import DELIMITED, VARINT, Read, Spans, fields, signed, varints

Path = tuple[str | int, ...]
"""Field names and indices from the model down to a tensor: ``("graph", "initializer", 3)``."""


def message_at(model: Any, path: Path) -> Any:
    """Return the message of a parsed model, an `onnx.ModelProto`, that a path leads to."""
    for step in path:
        model = model[step] if isinstance(step, int) else getattr(model, step)
    return model


PayloadKind = Literal["raw_data", "float_data", "double_data"]

MAX_RANK = 64
MAX_LOCATION = 4096

ELEMENT_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
    16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
"""Bits of one element by `TensorProto.DataType`; types without a fixed width are missing."""

_DIMS, _DATA_TYPE, _NAME, _EXTERNAL_DATA, _DATA_LOCATION = 1, 2, 8, 13, 14  # TensorProto
_KEY, _VALUE = 1, 2  # StringStringEntryProto
_PAYLOADS: dict[int, PayloadKind] = {4: "float_data", 9: "raw_data", 10: "double_data"}
_OTHER_DATA = {5, 6, 7, 11}  # int32_data, string_data, int64_data, uint64_data: never cut out
_DATA = _PAYLOADS.keys() | _OTHER_DATA
_VARINTS = {5, 7, 11}
_PAYLOAD_TYPES = {"float_data": {1, 14}, "double_data": {11, 15}, "raw_data": ELEMENT_BITS.keys()}


@dataclass(frozen=True, slots=True)
class External:
    """Where a tensor's bytes stand outside the model file.

    Parameters
    ----------
    location
        The location string; bytes that are not UTF-8 become lone surrogates.
    location_offset, location_length
        Bytes of that string in the model file.
    offset
        First byte of the tensor in the external file.
    length
        Bytes of the tensor, or None where the model does not say.
    """

    location: str
    location_offset: int
    location_length: int
    offset: int
    length: int | None

    @property
    def name(self) -> str:
        """The location without `./` in front: the file's name in a container (SPEC.md, clause 6.3)."""
        return without_dots(self.location)


class WireTensor(NamedTuple):
    """A TensorProto found in a model.

    Parameters
    ----------
    name
        Its name; of an unnamed tensor in a Constant node the node's first output; of both parts of a
        sparse tensor the name of the values.
    path
        Its place, unique in the model.
    data_type, dims
        As in TensorProto.
    payload
        Field that holds all of its data as one stretch of little-endian elements, or None where there is
        no such field: the data is external, spread over several fields, of another size than `dims` ask
        for, or not of fixed width.
    offset, length
        Bytes of that stretch in the file; 0 and 0 without a payload.
    external
        Place of external data, if it is external.
    varint_bytes
        Bytes of the fields that hold its data as packed varints (int32_data, int64_data, uint64_data).
    """

    name: str
    path: Path
    data_type: int
    dims: tuple[int, ...]
    payload: PayloadKind | None
    offset: int
    length: int
    external: External | None
    varint_bytes: int = 0


@lru_cache(1024)
def payload_length(data_type: int, dims: tuple[int, ...]) -> int | None:
    """Return the bytes that a tensor's elements take, or None for a type without fixed width or a
    negative dimension.
    """  # noqa: D205 - one sentence
    if data_type not in ELEMENT_BITS or any(size < 0 for size in dims):
        return None
    if 0 in dims:
        return 0
    bits = ELEMENT_BITS[data_type]
    for size in dims:
        bits *= size
    return (bits + 7) // 8


def read_tensor(read: Read, spans: Spans, path: Path, name: str) -> WireTensor:
    """Read a tensor without its payload.

    Parameters
    ----------
    read
        Random access to the file.
    spans
        Pieces of the TensorProto.
    path
        Its place in the model.
    name
        Name to go by if it has none, or if it is the indices of a sparse tensor.

    Raises
    ------
    ModelError
        E_PROTOBUF, E_EXTERNAL and E_LOCATION as `find_tensors` has them.
    """
    dims: list[int] = []
    data_type = 0
    own_name: Spans | None = None
    external = False
    entries: dict[bytes, tuple[int, int]] = {}
    payloads: list[tuple[PayloadKind, int, int]] = []
    varint_bytes = 0
    whole = True  # all data is in delimited payload fields
    for number, wire, start, value in fields(read, spans):
        if wire == VARINT:
            if number == _DIMS:
                dims.append(signed(value))
            elif number == _DATA_TYPE:
                data_type = signed(value, 32)
            elif number == _DATA_LOCATION:
                external = signed(value, 32) == 1
            elif number in _DATA:
                whole = False
        elif wire == DELIMITED:
            if number == _NAME:
                own_name = [(start, start + value)]
            elif number in _PAYLOADS:
                if value:
                    payloads.append((_PAYLOADS[number], start, value))
            elif number in _OTHER_DATA:
                whole = whole and not value
                varint_bytes += value if number in _VARINTS else 0
            elif number == _DIMS:
                if value > 10 * MAX_RANK:
                    raise ModelError("E_PROTOBUF", f"rank above {MAX_RANK}", start)
                dims.extend(map(signed, varints(read(start, value), start)))
            elif number == _EXTERNAL_DATA:
                _add_entry(read, (start, start + value), entries)
        elif number in _DATA:
            whole = False
        if len(dims) > MAX_RANK:
            raise ModelError("E_PROTOBUF", f"rank above {MAX_RANK}", start)
        if len(payloads) > 1:
            whole = False
            payloads.pop()  # the number of pieces a hostile file has must not fill the memory
    shape = tuple(dims)
    kind: PayloadKind | None = None
    offset = length = 0
    if whole and payloads and not external:
        field, first, size = payloads[0]
        if data_type in _PAYLOAD_TYPES[field] and size == payload_length(data_type, shape):
            kind, offset, length = field, first, size
    own = text(read, own_name)
    # The indices of a sparse tensor go by the name of its values; everything else by its own.
    shown = name or own if path[-1] == "indices" else own or name
    place = _external(read, spans[0][0], entries) if external else None
    return WireTensor(shown, path, data_type, shape, kind, offset, length, place, varint_bytes)


def tensor_name(read: Read, spans: Spans) -> str:
    """Return the name of a tensor, empty if it has none.

    Parameters
    ----------
    read
        Random access to the file.
    spans
        Pieces of the TensorProto.

    Raises
    ------
    ModelError
        E_PROTOBUF for malformed protobuf.
    """
    name = None
    for number, wire, start, length in fields(read, spans):
        if number == _NAME and wire == DELIMITED:
            name = [(start, start + length)]
    return text(read, name)


def text(read: Read, spans: Spans | None, errors: str = "replace") -> str:
    """Return a string field as protobuf does, the last of several; empty if there is none.

    Parameters
    ----------
    read
        Random access to the file.
    spans
        Where the field stands, in bytes.
    errors
        What becomes of bytes that are not UTF-8, as for `bytes.decode`.
    """
    if spans is None:
        return ""
    start, end = spans[-1]
    return read(start, end - start).decode("utf-8", errors)


def _add_entry(read: Read, span: tuple[int, int], entries: dict[bytes, tuple[int, int]]) -> None:
    """Note where the value of a key of `external_data` stands; of equal keys the last one counts."""
    key = b""
    place = (span[1], span[1])
    for number, wire, start, length in fields(read, [span]):
        if number == _KEY and wire == DELIMITED:
            key = read(start, length) if length <= len(b"location") else b""
        elif number == _VALUE and wire == DELIMITED:
            place = (start, start + length)
    if key in (b"location", b"offset", b"length"):
        entries[key] = place


def _external(read: Read, at: int, entries: dict[bytes, tuple[int, int]]) -> External:
    if b"location" not in entries:
        raise ModelError("E_EXTERNAL", "external data without a location", at)
    start, end = entries[b"location"]
    if end - start > MAX_LOCATION:
        raise ModelError("E_LOCATION", f"location longer than {MAX_LOCATION} bytes", start)
    location = text(read, [(start, end)], "surrogateescape")
    offset = _decimal(read, entries.get(b"offset"))
    return External(location, start, end - start, offset or 0, _decimal(read, entries.get(b"length")))


def _decimal(read: Read, span: tuple[int, int] | None) -> int | None:
    if span is None:
        return None
    start, end = span
    text = read(start, end - start) if end - start <= 19 else b""
    if not text.isdigit():
        raise ModelError("E_EXTERNAL", "offset or length of external data is no decimal number", start)
    return int(text)

"""Targets of the fuzzer in Python: functions of the input's bytes that raise where a promise is broken.

Only errors of the package may come out of it, those of `.nntc` files with an offset within the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
from nntc import decode_bytes, encode_bytes
from nntc import open as open_container
from nntc.decoder.base import Base
from nntc.decoder.graph import Graph
from nntc.errors import FormatError, ModelError
from nntc.limits import Limits
from nntc.reader.info import describe

MOST_OUTPUT = 1 << 20


class BrokenPromiseError(AssertionError):
    """Something that must hold does not."""


def require(holds: bool, what: str) -> None:
    """Raise if a promise is broken."""
    if not holds:
        raise BrokenPromiseError(what)


def _right_place(error: FormatError, data: bytes) -> None:
    require(error.id.startswith("E_") and "\n" not in str(error), f"{error!r} is no id, or no one line")
    require(error.offset is not None and 0 <= error.offset <= len(data), f"{error!r} is outside the file")


def decode(data: bytes) -> None:
    """Decode a file: all of it or nothing."""
    try:
        files = decode_bytes(data, limits=Limits.of(output=MOST_OUTPUT))
    except FormatError as error:
        _right_place(error, data)
    else:
        require(sum(map(len, files.values())) <= MOST_OUTPUT, "more output than was allowed")


def read(data: bytes) -> None:
    """Open a file, describe it, read every tensor; those of a file that decodes are in its output."""
    try:
        with open_container(data) as container:
            if sum(file.size for file in container.files) > MOST_OUTPUT:
                return
            describe(container)
            for own in container.graph_tensors.values():
                require(own.array().shape == own.shape, f"shape of {own.name}")
            for name, tensor in container.tensors.items():  # by the index, which may be wrong
                there = container.graph_tensors.get(name)
                shapes = {tensor.shape, tensor.shape if there is None else there.shape}
                require(tensor.array().shape in shapes, f"shape of {name} in the index")
            container.arrays()
    except FormatError as error:
        _right_place(error, data)
    except ModelError as error:
        require("\n" not in str(error), f"{error!r} is not one line")


def encode(data: bytes) -> None:
    """Encode a model without loss, and one in four with; what is decoded from it is the model again."""
    try:
        exact, _ = encode_bytes(data, method="lossless")
    except ModelError as error:
        require("\n" not in str(error), f"{error!r} is not one line")
        return
    require(decode_bytes(exact) == {None: data}, "lossless is not exact")
    if zlib.crc32(data) % 4 == 0:
        lossy, _ = encode_bytes(data, quality=20)
        model = decode_bytes(lossy)[None]
        require(len(model) == len(data), "a lossy model has another size")
        with open_container(lossy) as container:
            describe(container)


class _MadeUp:
    """A file of a base, of any size."""

    def __init__(self, size: int) -> None:
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        places = np.arange(offset, min(offset + length, self.size), dtype=np.uint64)
        return (places * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(56)).astype(np.uint8).tobytes()


def update(data: bytes) -> None:
    """Decode and read a file as an update of whatever base it names, with bytes made up."""

    def made_up(graph: Graph, _: object) -> Base:
        return Base([_MadeUp(file.size) for file in graph.bases])

    with patch("nntc.decoder.base_files.base_of", made_up):
        decode(data)
        read(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decode": decode,
    "read": read,
    "update": update,
    "encode": encode,
}

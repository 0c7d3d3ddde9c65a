"""Reading the model file of an open container where its bytes are known: payloads hold no structure."""

from __future__ import annotations

import sys

from nntc.decoder.base import Base
from nntc.errors import ModelError
from nntc.limits import Limits
from nntc.onnx.protobuf import Window
from nntc.reader.pieces import FilePieces


class GraphRead:
    """A `Read` as those who walk a model take; most of its reads are near the one before.

    Parameters
    ----------
    pieces
        Those of the model file.
    skeleton
        The graph bytes.
    base
        What ranges of the base are read from.
    limits
        How many fields of the graph may be looked at: LimitError, E_LIMIT, if it is more.
    """

    def __init__(self, pieces: FilePieces, skeleton: memoryview, base: Base, limits: Limits) -> None:
        self._pieces = pieces
        self._skeleton = self._data = skeleton
        self._base = base
        self._limits = limits
        self._most = sys.maxsize if limits.fields is None else limits.fields
        self._fields = 0
        self._start = self._end = self._shift = 0
        """What was read last, and how far from it the bytes are in `_data`."""

    def __call__(self, offset: int, length: int) -> bytes:
        """Return bytes of the file; ModelError, E_PROTOBUF, if a payload has some of them."""
        if self._start <= offset and offset + length <= self._end:
            at = offset + self._shift
            return self._data[at : at + length].tobytes()
        data = b""
        while len(data) < length:
            at = offset + len(data)
            self._find(at)
            end = min(offset + length, self._end)
            data += self._data[at + self._shift : end + self._shift]
        return data

    def window(self, at: int) -> Window:
        """Return the known bytes around a place, as `fields` asks for them."""
        if not self._start <= at < self._end:
            self._find(at)
        return self._data, -self._shift, self._end

    def passed(self, count: int) -> None:
        """Count fields; LimitError if there are too many."""
        self._fields += count
        if self._fields > self._most:
            self._limits.check("fields", self._fields, "fields of the graph are to be read")

    def _find(self, at: int) -> None:
        if at >= self._pieces.size:
            raise ModelError("E_PROTOBUF", "the model ends before its structure does", at)
        piece = self._pieces.at(at)
        if piece.skeleton is not None:
            self._data, self._start, self._end = self._skeleton, piece.start, piece.start + piece.length
            self._shift = piece.skeleton - piece.start
        elif piece.base is not None:
            self._start, self._shift = at, -at
            self._end = min(at + _WINDOW, piece.start + piece.length)
            self._data = memoryview(self._base.read(piece.base + at - piece.start, self._end - at))
        else:
            raise ModelError("E_PROTOBUF", "a payload stands where the model's structure should", at)


_WINDOW = 1 << 14
"""Bytes of the base that are read at a time: most of it is payloads, which are passed over."""

"""Reading the model file of an open container where it is made of graph bytes: payloads hold no structure."""

from __future__ import annotations

import sys

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
    limits
        How many fields of the graph may be looked at: LimitError, E_LIMIT, if it is more.
    """

    def __init__(self, pieces: FilePieces, skeleton: memoryview, limits: Limits) -> None:
        self._pieces = pieces
        self._skeleton = skeleton
        self._limits = limits
        self._most = sys.maxsize if limits.fields is None else limits.fields
        self._fields = 0
        self._start = self._end = self._shift = 0
        """The piece that was read last, and how far from it its graph bytes are."""

    def __call__(self, offset: int, length: int) -> bytes:
        """Return bytes of the file; ModelError, E_PROTOBUF, if a payload has some of them."""
        if self._start <= offset and offset + length <= self._end:
            at = offset + self._shift
            return self._skeleton[at : at + length].tobytes()
        data = b""
        while len(data) < length:
            at = offset + len(data)
            self._find(at)
            end = min(offset + length, self._end)
            data += self._skeleton[at + self._shift : end + self._shift]
        return data

    def window(self, at: int) -> Window:
        """Return the graph bytes around a place, as `fields` asks for them."""
        if not self._start <= at < self._end:
            self._find(at)
        return self._skeleton, -self._shift, self._end

    def passed(self, count: int) -> None:
        """Count fields; LimitError if there are too many."""
        self._fields += count
        if self._fields > self._most:
            self._limits.check("fields", self._fields, "fields of the graph are to be read")

    def _find(self, at: int) -> None:
        if at >= self._pieces.size:
            raise ModelError("E_PROTOBUF", "the model ends before its structure does", at)
        start, end, place = self._pieces.graph_bytes(at)
        if place < 0:
            raise ModelError("E_PROTOBUF", "a payload stands where the model's structure should", at)
        self._start, self._end, self._shift = start, end, place - start

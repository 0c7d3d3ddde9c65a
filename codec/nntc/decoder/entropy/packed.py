"""Tokens of 1 to 8 bits each, packed.

Implements SPEC.md 8.3 (R-420).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.runs import RunRequest
from nntc.errors import FormatError
from nntc.format.bits import packed_size, padding_is_zero, unpack
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder
from nntc.format.symbols import PACKED_WIDTH

_SPAN = 1 << 16  # tokens unpacked at once


@dataclass(frozen=True, slots=True, eq=False)
class PackedRun:
    """One run of packed tokens."""

    count: int
    width: int
    data: bytes
    offset: int

    coder: ClassVar = Coder.PACKED
    memory: ClassVar = 0

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8 [count]; E_PADDING where the last byte's spare bits are not zero."""
        if not padding_is_zero(self.data, self.count, self.width):
            raise FormatError("E_PADDING", "padding bits are not zero", self.offset)
        if self.width == 8:
            return np.frombuffer(self.data, np.uint8)
        tokens = np.empty(self.count, np.uint8)
        for start in range(0, self.count, _SPAN):
            span = tokens[start : start + _SPAN]
            span[:] = unpack(self.data, span.size, self.width, start * self.width)
        return tokens


def read_packed(stream: SectionStream, request: RunRequest) -> PackedRun:
    """Parse packed symbol data."""
    offset = stream.at()
    width = PACKED_WIDTH.read(stream)
    data = stream.take(packed_size(request.count, width), "packed tokens")
    return PackedRun(request.count, width, data, offset)

"""Tool planes: exact bytes, one run of tokens for each byte of an element (SPEC.md, "Tool planes")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.symbols import ParseContext, TokenRun, Tokens, plain, read_symbol_data
from nntc.errors import FormatError
from nntc.format.layout import CODER, PLANES_FLAGS, SectionStream, parse
from nntc.format.registry import Coder, ElementType
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A parsed planes record, most significant byte first."""

    element: ElementType
    rotated: bool
    runs: list[TokenRun]

    def values(self, tokens: list[Tokens]) -> NDArray[Any]:
        """Return the elements in coded order: unsigned integers, or [elements, 16] bytes."""
        width = self.element.width
        planes = [plain(plane) for plane in tokens]
        memory = np.empty((planes[0].size, width), np.uint8)
        for place, plane in enumerate(planes):
            memory[:, width - 1 - place] = plane
        if width == 16:
            return memory.view("V16").ravel()
        bits = memory.view(f"<u{width}").ravel()
        if not self.rotated:
            return bits
        kind = bits.dtype.type
        right: NDArray[Any] = bits >> kind(1) | bits << kind(8 * width - 1)
        return right


def read_planes(stream: SectionStream, element: ElementType, view: View, context: ParseContext) -> Planes:
    """Parse what follows the view of a planes record."""
    offset = stream.at()
    rotated = bool(parse(PLANES_FLAGS, stream))
    if rotated and not element.is_float:
        raise FormatError("E_TYPE", "only floating-point elements are rotated", offset)
    runs = [
        read_symbol_data(stream, Coder(parse(CODER, stream)), view.size, context, view=view)
        for _ in range(element.width)
    ]
    return Planes(element, rotated, runs)

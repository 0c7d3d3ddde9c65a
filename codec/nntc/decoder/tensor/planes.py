"""Tool planes: exact bytes, one run of tokens for each byte of an element (SPEC.md, "Tool planes")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.symbols import ParseContext, TokenRun, Tokens, plain, read_symbol_data
from nntc.errors import FormatError
from nntc.format import layout as f
from nntc.format.layout import SectionStream, parse
from nntc.format.registry import Coder, ElementType
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class CommonElements:
    """Elements that their token of plane 0 stands for.

    Parameters
    ----------
    tokens
        uint8, rank 1, ascending.
    elements
        uint8 [tokens, width].
    others
        Number of elements that are none of these.
    offset
        Of that number in the file.
    """

    tokens: NDArray[np.uint8]
    elements: NDArray[np.uint8]
    others: int
    offset: int


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """A parsed planes record, most significant byte first."""

    element: ElementType
    rotated: bool
    common: CommonElements | None
    runs: list[TokenRun]

    def values(self, tokens: list[Tokens]) -> NDArray[Any]:
        """Return the elements in coded order, unsigned integers or 16-byte voids; E_RANGE at their number."""
        planes = [plain(plane) for plane in tokens]
        if self.common is None:
            return self._joined(planes)
        is_common = np.zeros(256, np.bool_)
        is_common[self.common.tokens] = True
        others = np.flatnonzero(~is_common[planes[0]])
        if others.size != self.common.others:
            raise FormatError("E_RANGE", "wrong number of elements in later planes", self.common.offset)
        by_token = np.zeros((256, self.element.width), np.uint8)
        by_token[self.common.tokens] = self.common.elements
        kind = f"V{self.element.width}" if self.element.width == 16 else f"<u{self.element.width}"
        values: NDArray[Any] = by_token.view(kind).ravel().take(planes[0])
        values[others] = self._joined([planes[0][others], *planes[1:]])
        return values

    def _joined(self, planes: list[NDArray[np.uint8]]) -> NDArray[Any]:
        """Return elements whose bytes are in planes."""
        width = self.element.width
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
    flags = parse(f.PLANES_FLAGS, stream)
    rotated, has_common = bool(flags & 1), bool(flags & 2)
    if rotated and not element.is_float:
        raise FormatError("E_TYPE", "only floating-point elements are rotated", offset)
    if has_common and element.width == 1:
        raise FormatError("E_TYPE", "common elements have more than one byte", offset)
    common = _read_common(stream, element, view) if has_common else None
    later = (None, common.others) if common is not None else (view, view.size)
    runs = []
    for place in range(element.width):
        own, count = later if place else (view, view.size)
        runs.append(read_symbol_data(stream, Coder(parse(f.CODER, stream)), count, context, view=own))
    return Planes(element, rotated, common, runs)


def _read_common(stream: SectionStream, element: ElementType, view: View) -> CommonElements:
    count = parse(f.COMMON_COUNT, stream)
    at = stream.at()
    data = stream.take(count * (1 + element.width), "common elements")
    entries = np.frombuffer(data, np.uint8).reshape(count, -1)
    tokens = entries[:, 0]
    if np.any(tokens[1:] <= tokens[:-1]):
        raise FormatError("E_CODEBOOK", "tokens of common elements do not ascend", at)
    at = stream.at()
    others = parse(f.VARINT, stream)
    if not 1 <= others <= view.size:
        raise FormatError("E_LIMIT", "number of elements in later planes", at)
    return CommonElements(tokens, entries[:, 1:], others, at)

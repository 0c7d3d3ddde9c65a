"""Tool planes: exact bytes, one run of tokens for each byte of an element.

Implements SPEC.md 7.3 and 9.6 (R-530, R-531).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.runs import ParseContext, RunRequest, Tokens, plain
from nntc.decoder.entropy.symbols import read_symbol_block
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import ElementType
from nntc.format.tools import PLANES_HEAD, PlanesFlags, common_entries
from nntc.format.varints import VARINT
from nntc.format.view import View
from nntc.kernels.elements import join_planes


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

    @property
    def memory(self) -> int:
        """Bytes of working memory beyond those of its runs."""
        return 0 if self.common is None else self.common.elements.nbytes

    def values(self, tokens: list[Tokens]) -> NDArray[Any]:
        """Return the elements in coded order, unsigned integers or 16-byte voids; E_RANGE at their number."""
        planes = [plain(plane) for plane in tokens]
        if self.common is None:
            return join_planes(planes, rotated=self.rotated)
        is_common = np.zeros(256, np.bool_)
        is_common[self.common.tokens] = True
        others = np.flatnonzero(~is_common[planes[0]])
        if others.size != self.common.others:
            raise FormatError("E_RANGE", "wrong number of elements in later planes", self.common.offset)
        by_token = np.zeros((256, self.element.width), np.uint8)
        by_token[self.common.tokens] = self.common.elements
        kind = f"V{self.element.width}" if self.element.width == 16 else f"<u{self.element.width}"
        values: NDArray[Any] = by_token.view(kind).ravel().take(planes[0])
        values[others] = join_planes([planes[0][others], *planes[1:]], rotated=self.rotated)
        return values


def read_planes(stream: SectionStream, element: ElementType, view: View, context: ParseContext) -> Planes:
    """Parse what follows the view of a planes record."""
    head = PLANES_HEAD.read(stream, element=element, size=view.size)
    common = None
    later: tuple[View | None, int] = view, view.size
    if head.common is not None and head.count is not None:
        tokens, elements = common_entries(head.common, element.width)
        common = CommonElements(tokens, elements, head.count, stream.at() - len(VARINT.put(head.count)))
        later = None, head.count
    runs = []
    for place in range(element.width):
        own, count = later if place else (view, view.size)
        runs.append(read_symbol_block(stream, RunRequest(count, context, own)))
    return Planes(element, PlanesFlags.ROTATE in head.flags, common, runs)

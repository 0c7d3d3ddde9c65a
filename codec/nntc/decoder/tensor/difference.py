"""Tool difference: elements of the base, or of the record before, changed.

Implements SPEC.md 7.6 and 9.9 (R-355, R-560).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.base import Base
from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.runs import ParseContext, Tokens
from nntc.decoder.splices import is_within_one
from nntc.decoder.tensor.planes import Planes, read_planes
from nntc.decoder.tensor.product import Product, read_product
from nntc.decoder.tensor.uniform import Uniform, read_uniform
from nntc.errors import FormatError
from nntc.format.differences import BASE_TYPE, METHOD
from nntc.format.fields import SectionStream
from nntc.format.patterns import by_parts, converted, order, unfolded, unorder
from nntc.format.registry import ElementType, Method
from nntc.format.varints import SVARINT
from nntc.format.view import View


@dataclass(frozen=True, slots=True)
class BaseElements:
    """Which elements of the base a record changes.

    Parameters
    ----------
    starts
        Place in the base of the first element of each part, in bytes.
    """

    element: ElementType
    starts: tuple[int, ...]

    def patterns(self, base: Base, element: ElementType, view: View) -> NDArray[Any]:
        """Return their bit patterns as `element` has them, rank 1, in payload order."""
        width = self.element.width
        data = b"".join(
            base.read(start, count * width) for start, count in zip(self.starts, view.parts, strict=True)
        )
        return converted(np.frombuffer(data, f"<u{width}"), self.element, element)


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """A parsed difference record.

    Parameters
    ----------
    base
        What is changed; None in records after the first, which change what the one before has made.
    span
        Where in the file the fields begin and end that say what is changed, or would.
    """

    element: ElementType
    view: View
    method: Method
    base: BaseElements | None
    content: Planes | Uniform | Product
    span: tuple[int, int]

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return self.content.runs

    @property
    def memory(self) -> int:
        """Bytes of working memory beyond those of its runs."""
        return self.content.memory

    def values(self, tokens: list[Tokens], previous: NDArray[Any]) -> NDArray[Any]:
        """Return `previous`, bit patterns in coded order, changed: elements in coded order."""
        if not isinstance(self.content, Planes):
            return self.content.values(tokens, previous)
        changes = self.content.values(tokens)
        return by_parts(self._changed, previous.dtype, previous, changes)

    def _changed(self, previous: NDArray[Any], changes: NDArray[Any]) -> NDArray[Any]:
        return unorder(order(previous, self.element) + unfolded(changes), self.element)


def read_difference(
    stream: SectionStream, element: ElementType, view: View, context: ParseContext, *, is_first: bool
) -> Difference:
    """Parse what follows the view of a difference record."""
    method: Method = METHOD.read(stream, element=element, view=view)
    base, begin = None, stream.at()
    if is_first:
        own: ElementType = BASE_TYPE.read(stream, element=element)
        starts = tuple(_read_starts(stream, [own.width * n for n in view.parts], context.base_sizes))
        base = BaseElements(own, starts)
    span = begin, stream.at()
    return Difference(element, view, method, base, _READERS[method](stream, element, view, context), span)


_READERS: dict[Method, Any] = {
    Method.PLANES: read_planes,
    Method.UNIFORM: read_uniform,
    Method.PRODUCT: read_product,
}


def _read_starts(stream: SectionStream, sizes: list[int], base_sizes: tuple[int, ...]) -> Iterator[int]:
    """Yield where in the base the elements of each part begin; E_REFERENCE outside."""
    ends, end = list(accumulate(base_sizes)), 0
    for size in sizes:
        at = stream.at()
        start = end + SVARINT.read(stream)
        if not is_within_one(ends, start, size):
            raise FormatError("E_REFERENCE", "no file of the base has these elements", at)
        yield start
        end = start + size

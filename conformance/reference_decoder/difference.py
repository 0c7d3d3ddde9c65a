"""Clauses 7.6 (syntax) and 9.9: tool difference, which changes elements that are there already [R-560]."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from .base import Base
from .bits import Reader
from .coding import Setting, SymbolData
from .elements import ELEMENT_TYPES, ElementType
from .errors import NntcError
from .exact_tools import Planes, read_planes
from .integers import IntegerBlock, read_integer_block
from .rounding import converted, from_element, to_element
from .symbols import read_symbol_block
from .uniform import Uniform, code_number, read_f32, read_uniform
from .views import MatrixView

PLANES, UNIFORM, PRODUCT = 0, 1, 2
LARGEST_FACTOR = 32767


@dataclass(frozen=True, slots=True)
class Reference:
    """The elements of the base that the first record of a section changes; ``ranges``: for each part."""

    base: Base
    source: ElementType
    ranges: list[tuple[int, int]]

    def payload(self, target: ElementType) -> bytearray:
        """The elements of all parts, in the order of the payload, in the element type of the record."""
        whole = bytearray()
        for start, size in self.ranges:
            for stretch in self.base.read(start, size):
                whole += stretch
        if self.source == target:
            return whole
        payload = bytearray()
        for at in range(0, len(whole), self.source.width):
            element = bytes(whole[at : at + self.source.width])
            payload += converted(element, self.source.format, target.format)
        return payload


@dataclass(slots=True)
class Product:
    """Method product: matrices of small integers, ``left`` of rows by rank, ``right`` of rank by columns."""

    view: MatrixView
    step: float
    rank_codes: SymbolData
    left: IntegerBlock
    right: IntegerBlock

    def values(self) -> Iterator[float]:
        """Phases 3 to 5: what is added to each element, in coded order."""
        codes = self.rank_codes.decode().values
        blocks = (self.left, self.right)
        tokens = [block.decode_tokens() for block in blocks]  # phase 3
        left, right = (block.integers(own) for block, own in zip(blocks, tokens, strict=True))  # phase 4
        if max(codes) > 95:
            raise NntcError("E_RANGE", self.left.offset, "rank code")
        for block, factors in ((self.left, left), (self.right, right)):
            if max(map(abs, factors)) > LARGEST_FACTOR:
                raise NntcError("E_RANGE", block.offset, "factor of a product")
        return self._products([code_number(code) for code in codes], left, right)

    def _products(self, scales: list[int], left: array[int], right: array[int]) -> Iterator[float]:
        rank, columns = len(scales), self.view.columns
        for r in range(self.view.rows):
            row = [scales[k] * left[r * rank + k] for k in range(rank)]
            for j in range(columns):
                X = sum(row[k] * right[k * columns + j] for k in range(rank))
                yield float(X) * self.step  # abs(X) < 2^51, so that float(X) is exact


@dataclass(slots=True)
class Difference:
    """Tool difference; ``reference`` is None in a record that is not the first of its section."""

    element: ElementType
    reference: Reference | None
    change: Planes | Uniform | Product

    def integers(self) -> array[int] | None:
        """Phases 3 and 4: levels of method uniform."""
        return self.change.integers() if isinstance(self.change, Uniform) else None

    def changed(self, before: bytearray) -> bytearray:
        """Phases 3 to 5: the elements ``before``, in coded order, changed [R-560]."""
        if isinstance(self.change, Planes):
            return self._moved(before, self.change.elements())
        values = [from_element(own, self.element.format) for own in self._split(before)]
        if isinstance(self.change, Uniform):
            return self.change.elements(values)
        coded = bytearray()
        for prev, value in zip(values, self.change.values(), strict=True):
            result = prev + value  # a rounding of its own
            element = to_element(result, self.element.format) if math.isfinite(result) else None
            if element is None:
                raise NntcError("E_RANGE", self.change.left.offset, "element is infinite or NaN")
            coded += element
        return coded

    def _split(self, elements: bytearray) -> Iterator[bytes]:
        width = self.element.width
        return (bytes(elements[at : at + width]) for at in range(0, len(elements), width))

    def _moved(self, before: bytearray, distances: bytearray) -> bytearray:
        """Method planes: each element moved by so many places in the order of all elements of its type."""
        everything: int = 256**self.element.width  # 2^W
        coded = bytearray()
        for prev, distance in zip(self._split(before), self._split(distances), strict=True):
            u = int.from_bytes(distance, "little")
            d = u // 2 if u % 2 == 0 else -(u + 1) // 2
            place = (self._order(int.from_bytes(prev, "little")) + d) % everything
            coded += self._at(place).to_bytes(self.element.width, "little")
        return coded

    def _order(self, b: int) -> int:
        """order(b) of clause 9.9."""
        everything: int = 256**self.element.width
        if not self.element.is_float:
            return b
        return b + everything // 2 if b < everything // 2 else everything - 1 - b

    def _at(self, place: int) -> int:
        """The pattern b with order(b) = place."""
        everything: int = 256**self.element.width
        if not self.element.is_float:
            return place
        return place - everything // 2 if place >= everything // 2 else everything - 1 - place


def read_difference(reader: Reader, element: ElementType, setting: Setting, base: Base | None) -> Difference:
    """Clause 7.6; ``base`` is given for the first record of a section."""
    method = reader.u8()
    reader.require(method <= PRODUCT, "E_RESERVED", "method of difference")
    reader.require(method == PLANES or element.is_float, "E_TYPE", "method with opaque elements")
    matrix = isinstance(setting.view, MatrixView)
    reader.require(method != PRODUCT or matrix, "E_VIEW", "product in a ragged view")
    reference = None if base is None else _read_reference(reader, element, setting, base)
    change: Planes | Uniform | Product
    if method == PLANES:
        change = read_planes(reader, element.width, element.is_float, setting)
    elif method == UNIFORM:
        change = read_uniform(reader, element.format, element.width, setting)
    else:
        change = _read_product(reader, setting)
    return Difference(element, reference, change)


def _read_reference(reader: Reader, element: ElementType, setting: Setting, base: Base) -> Reference:
    """base_type and base_offset[parts]."""
    source = ELEMENT_TYPES.get(reader.u8())
    reader.require(source is not None, "E_RESERVED", "base_type")
    assert source is not None
    goes = source == element or (source.is_float and element.is_float)
    reader.require(goes, "E_TYPE", "base_type does not go with the element type")
    ranges: list[tuple[int, int]] = []
    end = 0
    for size in setting.view.part_sizes(source.width):
        start = end + reader.svarint()
        reader.require(base.holds(start, size), "E_REFERENCE", "no such range of the base")
        ranges.append((start, size))
        end = start + size
    return Reference(base, source, ranges)


def _read_product(reader: Reader, setting: Setting) -> Product:
    """Fields of method product."""
    view = setting.view
    assert isinstance(view, MatrixView)
    step = read_f32(reader)
    reader.require(2.0**-126 <= step < math.inf, "E_STEP", "step")  # R-356 (false for NaN)
    rank = reader.varint()
    fits = 1 <= rank <= 64 and rank * (view.rows + view.columns) <= 2 * view.n
    reader.require(fits, "E_LIMIT", "rank")
    setting.needs.append(rank + 2 * rank * (view.rows + view.columns))
    rank_codes = read_symbol_block(reader, rank, setting, of_view=False)
    left = read_integer_block(reader, view.rows * rank, setting, None, of_view=False)
    right = read_integer_block(reader, rank * view.columns, setting, None, of_view=False)
    return Product(view, step, rank_codes, left, right)

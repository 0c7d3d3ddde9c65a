"""Write difference records: what is added to elements of the base (SPEC.md, "Tool difference")."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.block import write_symbol_block
from nntc.encoder.entropy.contexts import Model
from nntc.encoder.entropy.fragments import Fragment, expected_size
from nntc.encoder.entropy.integers import integer_block, tokenize, write_integers
from nntc.encoder.entropy.symbols import symbol_data
from nntc.encoder.tensor.record import Record, record_head
from nntc.format.differences import BASE_TYPE, METHOD, PRODUCT_HEAD, ProductHead
from nntc.format.registry import Coder, ElementType, Method, Tool, ViewKind
from nntc.format.varints import SVARINT
from nntc.format.view import View

_SPARSE_TO = 0.25
"""Share of integers other than 0 up to which sparse rows may be smaller."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The elements of the base that a record changes.

    Parameters
    ----------
    element
        Their type.
    starts
        For each part the place of its first element in the base, in bytes.
    """

    element: ElementType
    starts: tuple[int, ...]

    def write(self, view: View) -> bytes:
        """Return the fields that say so, for the parts of a view."""
        fields, end = [BASE_TYPE.put(self.element)], 0
        lengths = view.lengths or (view.size,)
        for start, count in zip(self.starts, lengths, strict=True):
            fields.append(SVARINT.put(start - end))
            end = start + count * self.element.width
        return b"".join(fields)


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """Two matrices of integers, whose product is added.

    Parameters
    ----------
    step
        Exactly a binary32.
    codes
        uint8 [rank]: step codes.
    left, right
        int64 [rows, rank] and [rank, columns].
    """

    step: float
    codes: NDArray[np.uint8]
    left: NDArray[np.int64]
    right: NDArray[np.int64]


def as_difference(record: Record, method: Method, origin: Origin | None) -> Record:
    """Return a record of tool planes or uniform as one whose values are added to others.

    Parameters
    ----------
    origin
        What they are added to; None for what the record before makes.
    """
    first, *rest = record.fragments
    head = record_head(record.tool, record.element, record.view)
    if not isinstance(first, bytes) or not first.startswith(head):
        raise TypeError("a record begins with its head")
    fields = _head(record.element, record.view, method, origin)
    return replace(record, fragments=[fields + first[len(head) :], *rest], tool=Tool.DIFFERENCE)


def product_record(element: ElementType, view: View, product: Product, origin: Origin | None) -> Record:
    """Return the record of a product."""
    rank = product.codes.size
    head = _head(element, view, Method.PRODUCT, origin) + PRODUCT_HEAD.write(ProductHead(product.step, rank))
    head += write_symbol_block(product.codes)
    blocks: list[Fragment] = []
    for factor in (product.left, product.right):
        blocks += _integers(factor.ravel())
    return Record([head, *blocks], element, Tool.DIFFERENCE, view)


def _head(element: ElementType, view: View, method: Method, origin: Origin | None) -> bytes:
    head = record_head(Tool.DIFFERENCE, element, view) + METHOD.put(method)
    return head if origin is None else head + origin.write(view)


def _integers(values: NDArray[np.int64]) -> list[Fragment]:
    """Return the block of a factor: sparse rows where most integers are 0 and that is smaller."""
    split = tokenize(values)
    dense = integer_block(split, Coder.RANS, symbol_data(split.tokens, Coder.RANS, Model()))
    if np.count_nonzero(values) > _SPARSE_TO * values.size:
        return dense
    rows = write_integers(values, Coder.RANS, View(ViewKind.MATRIX, 1, values.size), background=0)
    return min(dense, rows, key=expected_size)

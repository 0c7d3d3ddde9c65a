"""Method product of tool difference: two small integer matrices whose product is added.

Implements SPEC.md 7.6 and 9.9 (R-356, R-357, R-560).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.integers import IntegerBlock, IntegerReader, TokenTable, read_integer_block
from nntc.decoder.entropy.runs import ParseContext, RunRequest, Tokens, plain
from nntc.decoder.entropy.symbols import read_symbol_block
from nntc.errors import FormatError
from nntc.format.differences import MAX_FACTOR, MAX_RANK_CODE, PRODUCT_HEAD
from nntc.format.fields import SectionStream
from nntc.format.memory import product_memory
from nntc.format.patterns import values_of
from nntc.format.registry import ElementType
from nntc.format.rounding import dequantize, is_finite
from nntc.format.steps import STEP_CODES
from nntc.format.view import View

_CHUNK = 1 << 15  # elements made at once


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """Parsed fields of method product.

    Parameters
    ----------
    left, right
        Integers [rows, rank] and [rank, columns].
    rank_codes
        Step codes, one for each k of the rank.
    """

    element: ElementType
    view: View
    step: float
    rank: int
    rank_codes: TokenRun
    left: IntegerBlock
    right: IntegerBlock

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return [self.rank_codes, *self.left.runs, *self.right.runs]

    @property
    def memory(self) -> int:
        """Bytes of working memory beyond those of its runs."""
        return product_memory(self.rank, self.view.rows, self.view.columns)

    def values(self, tokens: list[Tokens], previous: NDArray[Any]) -> NDArray[Any]:
        """Return `previous` changed, elements in coded order; E_RANGE and others at the blocks."""
        rest = iter(tokens)
        codes = plain(next(rest))
        left, right = (self._integers(block, rest) for block in (self.left, self.right))
        if int(codes.max()) > MAX_RANK_CODE:
            raise FormatError("E_RANGE", "step code of a rank is too large", self.left.offset)
        for block, factor in ((self.left, left), (self.right, right)):
            if np.abs(factor).max() > MAX_FACTOR:
                raise FormatError("E_RANGE", "factor of a product is too large", block.offset)
        # All sums are integers below 2^51: exact in any order.
        rows = left.reshape(self.view.rows, self.rank) * STEP_CODES.take(codes)
        columns = right.reshape(self.rank, self.view.columns)
        width = self.view.columns
        out = np.empty(self.view.size, dequantize(np.zeros(0), 1.0, 0.0, self.element).dtype)
        tall, wide = max(1, _CHUNK // width), min(width, _CHUNK)
        into, old = out.reshape(-1, width), previous.reshape(-1, width)
        for row in range(0, self.view.rows, tall):
            for column in range(0, width, wide):
                span = slice(row, row + tall), slice(column, column + wide)
                x = rows[span[0]] @ columns[:, span[1]]
                own = values_of(np.ascontiguousarray(old[span]), self.element)
                into[span] = elements = dequantize(x, self.step, 0.0, self.element, own)
                if not is_finite(elements, self.element):
                    raise FormatError("E_RANGE", "value overflows its type", self.left.offset)
        return out

    @staticmethod
    def _integers(block: IntegerBlock, rest: Any) -> NDArray[np.float64]:
        gaps = plain(next(rest)) if block.sparse is not None else None
        return IntegerReader(block, TokenTable.of(next(rest)), gaps, dtype=np.float64).take(block.count)


def read_product(stream: SectionStream, element: ElementType, view: View, context: ParseContext) -> Product:
    """Parse the fields of method product."""
    head = PRODUCT_HEAD.read(stream, view=view)
    codes = read_symbol_block(stream, RunRequest(head.rank, context))
    left = read_integer_block(stream, head.rank * view.rows, context)
    right = read_integer_block(stream, head.rank * view.columns, context)
    return Product(element, view, head.step, head.rank, codes, left, right)

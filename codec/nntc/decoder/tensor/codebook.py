"""Tool codebook: indices into a table of elements (Laude et al., Han et al.).

Implements SPEC.md 7.4 and 9.6 (R-333, R-530).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.integers import SPAN, IntegerBlock, IntegerReader, TokenTable, read_integer_block
from nntc.decoder.entropy.runs import ParseContext, Tokens, plain
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import ElementType
from nntc.format.tools import CODEBOOK_HEAD, codebook_entries
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """A parsed codebook record.

    Parameters
    ----------
    entries
        Unsigned integers of the element's width, strictly ascending bit patterns.
    """

    entries: NDArray[Any]
    indices: IntegerBlock

    @property
    def memory(self) -> int:
        """Bytes of working memory beyond those of its runs."""
        return self.entries.nbytes

    @property
    def runs(self) -> list[TokenRun]:
        """Token runs in stored order."""
        return self.indices.runs

    def values(self, tokens: list[Tokens]) -> NDArray[Any]:
        """Return the elements' bit patterns in coded order; E_RANGE for an index without entry."""
        block = self.indices
        codes = plain(tokens[-1])
        is_index = block.is_plain and block.min_level == 0
        gaps = plain(tokens[0]) if block.sparse is not None else None
        reader = None if is_index else IntegerReader(block, TokenTable.of(codes), gaps)
        out = np.empty(block.count, self.entries.dtype)
        # Some at a time: numpy makes eight bytes of an index of one.
        for start in range(0, block.count, SPAN):
            span = out[start : start + SPAN]
            indices = codes[start : start + SPAN] if reader is None else reader.take(span.size)
            span[:] = self._entries_at(indices)
        return out

    def _entries_at(self, indices: NDArray[Any]) -> NDArray[Any]:
        if indices.min() < 0 or indices.max() >= self.entries.size:
            raise FormatError("E_RANGE", "codebook index has no entry", self.indices.offset)
        return self.entries.take(indices)


def read_codebook(stream: SectionStream, element: ElementType, view: View, context: ParseContext) -> Codebook:
    """Parse what follows the view of a codebook record."""
    head = CODEBOOK_HEAD.read(stream, width=element.width)
    entries = codebook_entries(head.entries, head.entry_width, element.width)
    return Codebook(entries, read_integer_block(stream, view.size, context, view))

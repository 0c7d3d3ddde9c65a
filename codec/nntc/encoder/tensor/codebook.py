"""Write codebook records (SPEC.md, "Tool codebook")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.contexts import Classes
from nntc.encoder.entropy.integers import write_integers
from nntc.encoder.tensor.record import Record, record_head
from nntc.format.registry import Coder, ElementType, Tool
from nntc.format.tools import CODEBOOK_HEAD, CodebookHead
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """The distinct elements of a tensor and where each is.

    Parameters
    ----------
    entries, counts
        Bit patterns, unsigned, ascending, and how often each occurs.
    indices
        int64, rank 1, in coded order.
    """

    entries: NDArray[Any]
    counts: NDArray[np.int64]
    indices: NDArray[np.int64]

    @property
    def common(self) -> int:
        """Index of the most common entry."""
        return int(self.counts.argmax())


def make_codebook(bits: NDArray[Any]) -> Codebook:
    """Return the codebook of unsigned bit patterns, rank 1."""
    entries, counts = np.unique(bits, return_counts=True)
    return Codebook(entries, counts, np.searchsorted(entries, bits).astype(np.int64))


def codebook_pays(element: ElementType, size: int, entries: int) -> bool:
    """Return whether so many entries and packed indices take less than the elements themselves."""
    return (entries - 1).bit_length() * size < 8 * element.width * (size - entries)


def codebook_record(
    element: ElementType,
    view: View,
    codebook: Codebook,
    coder: Coder,
    classes: Classes | None = None,
    *,
    sparse: bool = False,
) -> Record:
    """Return a record that holds every distinct element in a codebook; at most 65,536 of them.

    Parameters
    ----------
    classes
        Separable contexts, rANS only, not for sparse rows.
    sparse
        Code as sparse rows all elements but the most common one.
    """
    width = element.width
    memory = codebook.entries.view(np.uint8).reshape(-1, width)
    # Low bytes that are zero in every entry are not stored.
    stored = width
    while stored > 1 and not memory[:, width - stored].any():
        stored -= 1
    entries = np.ascontiguousarray(memory[:, width - stored :]).tobytes()
    head = record_head(Tool.CODEBOOK, element, view)
    head += CODEBOOK_HEAD.write(CodebookHead(stored, codebook.entries.size, entries))
    background = codebook.common if sparse else None
    block = write_integers(codebook.indices, coder, view, classes, background)
    return Record([head, *block], element, Tool.CODEBOOK, view)

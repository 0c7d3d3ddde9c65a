"""Write codebook records (SPEC.md, "Tool codebook")."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.encoder.entropy.integers import write_integers
from codec.encoder.entropy.symbols import Classes
from codec.encoder.tensor.record import Record, record_head
from codec.format import layout as f
from codec.format.layout import build
from codec.format.registry import Coder, ElementType, Profile, Tool
from codec.format.view import View


def codebook_record(
    element: ElementType,
    view: View,
    bits: NDArray[Any],
    coder: Coder,
    classes: Classes | None = None,
    *,
    sparse: bool = False,
) -> Record:
    """Return a record that holds every distinct element in a codebook; at most 65,536 of them.

    Parameters
    ----------
    bits
        Unsigned integers of the element's width, rank 1, in coded order.
    sparse
        Code as sparse rows all elements but the most common one.
    """
    entries, indices, counts = np.unique(bits, return_inverse=True, return_counts=True)
    background = int(counts.argmax()) if sparse else None
    width = element.width
    memory = entries.view(np.uint8).reshape(-1, width)
    # Low bytes that are zero in every entry are not stored.
    stored = width
    while stored > 1 and not memory[:, width - stored].any():
        stored -= 1
    block = write_integers(indices.astype(np.int64), coder, view, classes, background)
    head = b"".join(
        [
            record_head(Tool.CODEBOOK, element, view),
            build(f.U8, stored),
            build(f.CODEBOOK_COUNT, entries.size),
            np.ascontiguousarray(memory[:, width - stored :]).tobytes(),
        ]
    )
    profile = Profile.BASELINE if classes is None else Profile.MAIN
    return Record([head, *block], element, Tool.CODEBOOK, view, profile)

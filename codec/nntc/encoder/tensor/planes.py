"""Write planes records: exact, the cheapest coder for each byte plane (SPEC.md, "Tool planes")."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.general import zstd
from nntc.encoder.entropy.symbols import Classes, Fragment, count_tokens, symbol_data
from nntc.encoder.entropy.tables import costs, make_table
from nntc.encoder.tensor.record import Record, record_head
from nntc.format import layout as f
from nntc.format.layout import build
from nntc.format.registry import Coder, ElementType, Profile, Tool
from nntc.format.view import View

_SAMPLE = 1 << 17  # bytes on which zstd is tried before it is tried on all
_TABLE_BITS = 300.0  # about what a table of a plane costs


def planes_record(
    element: ElementType, view: View, bits: NDArray[Any], classes: Classes | None = None
) -> Record:
    """Return an exact record.

    Parameters
    ----------
    bits
        Unsigned integers of the element's width, or 16-byte voids; rank 1, in coded order.
    classes
        Contexts to try on the most significant plane.
    """
    width = element.width
    if element.is_float:
        kind = bits.dtype.type
        bits = bits << kind(1) | bits >> kind(8 * width - 1)
    memory = np.ascontiguousarray(bits).view(np.uint8).reshape(-1, width)
    fragments: list[Fragment] = [
        record_head(Tool.PLANES, element, view) + build(f.PLANES_FLAGS, int(element.is_float))
    ]
    profile = Profile.BASELINE
    for place in range(width):
        plane = np.ascontiguousarray(memory[:, width - 1 - place])
        coder, with_contexts = _choose(plane, view, classes if place == 0 else None)
        if with_contexts:
            profile = Profile.MAIN
        used = classes if with_contexts else None
        fragments += [build(f.CODER, coder), *symbol_data(plane, coder, view, classes=used)]
    return Record(fragments, element, Tool.PLANES, view, profile)


def _choose(plane: NDArray[np.uint8], view: View, classes: Classes | None) -> tuple[Coder, bool]:
    """Return the coder that makes the plane smallest, and whether contexts do."""
    counts = count_tokens(plane, None, 1)[0]
    sizes = {(Coder.PACKED, False): 8 + 8.0 * -(-plane.size * max(int(plane.max()).bit_length(), 1) // 8)}
    sizes[Coder.RANS, False] = 72 + _TABLE_BITS + _coded_bits(counts)
    if classes is not None:
        split = count_tokens(plane, classes.contexts(view).astype(np.uint16), classes.count)
        lists = 8.0 * len(classes.write(view))
        used = [row for row in split if row.any()]
        sizes[Coder.RANS, True] = 72 + lists + sum(_TABLE_BITS + _coded_bits(row) for row in used)
    best = min(sizes, key=lambda key: sizes[key])
    middle = max(0, plane.size - _SAMPLE) // 2
    sample = plane[middle : middle + _SAMPLE]
    expected = sizes[best] / 8 * sample.size / plane.size
    if (
        len(zstd(sample.tobytes(), 9)) < 1.02 * expected + 32
        and len(zstd(plane.tobytes())) + 4 < sizes[best] / 8
    ):
        return Coder.ZSTD, False
    return best


def _coded_bits(counts: NDArray[np.int64]) -> float:
    used = counts > 0
    return float(counts[used] @ costs(make_table(counts)[0])[used])

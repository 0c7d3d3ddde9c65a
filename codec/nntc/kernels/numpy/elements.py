"""Elements made of what was decoded, on numpy.

Implements SPEC.md 9.6 (R-530).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def reconstruct(*record: Any) -> None:
    """Leave it to the decoder, step by step; as `nntc.kernels.elements.reconstruct`."""


def join_planes(planes: Sequence[NDArray[np.uint8]], *, rotated: bool) -> NDArray[Any]:
    """Return elements whose bytes are in planes; as `nntc.kernels.elements.join_planes`."""
    width = len(planes)
    memory = np.empty((planes[0].size, width), np.uint8)
    for place, plane in enumerate(planes):
        memory[:, width - 1 - place] = plane
    if width == 16:
        return memory.view("V16").ravel()
    bits = memory.view(f"<u{width}").ravel()
    if not rotated:
        return bits
    kind = bits.dtype.type
    right: NDArray[Any] = bits >> kind(1) | bits << kind(8 * width - 1)
    return right


def new_bytes(size: int) -> None:
    """Leave it to the caller; as `nntc.kernels.elements.new_bytes`."""

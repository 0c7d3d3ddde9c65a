"""Looking up what indices stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 15  # at once, as numpy makes eight bytes of an index of one: these stay in cache


def look_up(table: NDArray[Any], indices: NDArray[Any]) -> NDArray[Any]:
    """Return elements of a table; as `nntc.kernels.decoding.look_up`."""
    out = np.empty(indices.size, table.dtype)
    for start in range(0, indices.size, _CHUNK):
        span = slice(start, start + _CHUNK)
        table.take(indices[span], out=out[span], mode="clip")
    return out

"""Forward transform for the format's inverse transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.format.dct import BASIS_BITS, basis, hadamard
from nntc.format.transform import Transform


def mixing_gain(transform: Transform | None) -> float:
    """Return what a step of a record is in the domain of `forward`: 1 where no planes are mixed."""
    return 1.0 if transform is None else 2 ** (transform.mix / 2)


def forward(values: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    """Return orthonormal coefficients of whole blocks in coded order, float64, rank 1.

    The inverse of the format's inverse, which by the rounding of its basis is not quite its transpose.
    """
    area = transform.height * transform.width
    height, width = (np.linalg.inv(basis(n) * 2.0**-BASIS_BITS) for n in (transform.height, transform.width))
    x = values.reshape(-1, area) @ np.kron(height, width)
    if transform.mix:
        planes = 1 << transform.mix
        blocks = x.reshape(-1, planes, area).swapaxes(1, 2).reshape(-1, planes)
        mixed = blocks @ (hadamard(transform.mix).astype(np.float64) / np.sqrt(planes))
        x = mixed.reshape(-1, area, planes).swapaxes(1, 2)
    return x.ravel()

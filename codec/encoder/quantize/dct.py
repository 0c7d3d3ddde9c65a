"""Forward transform for the format's inverse transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from codec.decoder.tensor.transform import Transform
from codec.format.dct import BASIS_BITS, basis, hadamard


def forward(values: NDArray[np.float64], transform: Transform) -> NDArray[np.float64]:
    """Return orthonormal coefficients of whole blocks in coded order, float64, rank 1.

    The basis is the format's, scaled back: inverse and transpose differ by its rounding only.
    """
    area = transform.height * transform.width
    kernel = np.kron(basis(transform.height), basis(transform.width)) * 2.0 ** (-2 * BASIS_BITS)
    x = values.reshape(-1, area) @ kernel.T
    if transform.mix:
        planes = 1 << transform.mix
        blocks = x.reshape(-1, planes, area).swapaxes(1, 2).reshape(-1, planes)
        mixed = blocks @ (hadamard(transform.mix).astype(np.float64) / np.sqrt(planes))
        x = mixed.reshape(-1, area, planes).swapaxes(1, 2)
    return x.ravel()

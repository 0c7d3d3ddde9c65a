"""Weight prior: what weights alone tell of the inputs that they are multiplied with.

Training leaves weights no component where inputs have none, so that the weights' second moment W^T W is akin
to that of the inputs, and knows what few samples cannot tell. For kernels it is taken over channels alone;
how kernel positions correlate are so few numbers that few samples tell them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def kernel_moments(moments: NDArray[np.float64], mean: NDArray[np.float64], taps: int) -> NDArray[np.float64]:
    """Return how kernel positions vary together, summed over channels: (blocks, taps, taps), float64.

    Parameters
    ----------
    moments, mean
        Means of x x^T, (blocks, size, size), and of the inputs x, (blocks, size).
    taps
        Kernel positions of each channel, the columns of which follow each other; 1 where there are none.
    """
    blocks, size = mean.shape
    centre = mean.reshape(blocks, -1, taps)
    kernel = np.einsum("bcicj->bij", moments.reshape(blocks, size // taps, taps, size // taps, taps))
    about_mean: NDArray[np.float64] = kernel - centre.swapaxes(1, 2) @ centre
    return about_mean


def prior_moments(
    weights: NDArray[np.floating[Any]], kernel: NDArray[np.float64], columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return second moments akin to those of inputs, of any scale.

    Parameters
    ----------
    weights
        Rows of all weights that are multiplied with the inputs, (blocks, rows, size).
    kernel
        See `kernel_moments`.
    columns
        Which to return.

    Returns
    -------
    float64, shape (blocks, columns, columns).
    """
    blocks, rows, _ = weights.shape
    taps = kernel.shape[1]
    kernels = weights.astype(np.float64).reshape(blocks, rows, -1, taps)
    by_channel = kernels.transpose(0, 1, 3, 2).reshape(blocks, rows * taps, -1)
    channels = by_channel.swapaxes(1, 2) @ by_channel
    channel, tap = np.divmod(columns, taps)
    weight_prior: NDArray[np.float64] = channels[:, channel[:, None], channel]
    if taps > 1:
        weight_prior *= kernel[:, tap[:, None], tap]
    return weight_prior

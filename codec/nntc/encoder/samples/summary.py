"""Summary of samples: range, mean and deviation of each input, for people to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nntc.encoder.samples.samples import LABELS, Array, Samples

_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class InputSummary:
    """Values of an input over all samples.

    Parameters
    ----------
    name, dtype
        The input's.
    shape
        Of the first batch.
    samples
        Batches.
    low, high, mean, std
        Of all elements.
    channel_means, channel_stds
        Of each channel of images; empty for other inputs.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    samples: int
    low: float
    high: float
    mean: float
    std: float
    channel_means: tuple[float, ...] = ()
    channel_stds: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """All of it for people, on one line."""
        text = f"{self.name}: {self.dtype}, {self.low:.4g} to {self.high:.4g}, mean {self.mean:.4g}"
        if len(self.channel_means) > 1:
            text += f" ({', '.join(f'{mean:.4g}' for mean in self.channel_means)} by channel)"
        return text


def summarize(samples: Samples) -> tuple[InputSummary, ...]:
    """Return what each input looks like; labels are none."""
    first = next(iter(samples))
    with np.errstate(over="ignore", invalid="ignore"):  # of squares: a deviation is then infinite, or unknown
        return tuple(_summary(name, samples) for name in first if name != LABELS)


def _summary(name: str, samples: Samples) -> InputSummary:
    arrays = [batch[name] for batch in samples]
    axis = channel_axis(arrays)
    count = np.sum([_sums(array, axis)[0] for array in arrays], axis=0)
    means = np.sum([_sums(array, axis)[1] for array in arrays], axis=0) / count
    squares = np.sum([_sums(array, axis)[2] for array in arrays], axis=0) / count
    mean = float(means.mean())
    stds = np.sqrt(np.maximum(squares - means**2, 0))
    return InputSummary(
        name,
        str(arrays[0].dtype),
        arrays[0].shape,
        len(arrays),
        min(float(array.min()) for array in arrays),
        max(float(array.max()) for array in arrays),
        mean,
        float(np.sqrt(max(squares.mean() - mean**2, 0))),
        tuple(means.tolist()) if axis is not None else (),
        tuple(stds.tolist()) if axis is not None else (),
    )


def channel_axis(arrays: Sequence[Array]) -> int | None:
    """Return the axis of the channels of images, 1 or 3; None where arrays are no batches of images."""
    shapes = {array.shape[1:] if array.ndim == 4 else () for array in arrays}
    for axis in (1, 3):
        sizes = {shape[axis - 1] if shape else 0 for shape in shapes}
        if len(sizes) == 1 and sizes <= set(_CHANNELS):
            return axis
    return None


def _sums(array: Array, axis: int | None) -> tuple[int, Array, Array]:
    """Return elements of a channel, and the sums of them and of their squares for each channel."""
    values = np.moveaxis(array, axis, 0) if axis is not None else array[None]
    values = values.reshape(len(values), -1).astype(np.float64)
    return values.shape[1], values.sum(axis=1), np.square(values).sum(axis=1)

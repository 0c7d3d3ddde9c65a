"""Uniform records of several small tensors: a row of a ragged view, a step code and a base for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.registry import Coder, ElementType, ViewKind
from nntc.format.view import View


def ragged_view(sizes: Sequence[int]) -> View:
    """Return the view of tensors of so many elements, one after the other."""
    return View(ViewKind.RAGGED, len(sizes), lengths=tuple(sizes))


def ragged_record(
    element: ElementType,
    step: float,
    codes: NDArray[np.uint8],
    levels: Sequence[NDArray[np.int64]],
    device: Device = ANY_DEVICE,
) -> Record:
    """Return the record of levels, those of a tensor around their median.

    Parameters
    ----------
    step
        Exactly a binary32.
    codes
        uint8 [tensors]: step codes.
    levels
        For each tensor, int64, rank 1: in units of the step times what its code stands for.
    device
        The decoder that it is for.
    """
    view = ragged_view([own.size for own in levels])
    bases = np.array([round(float(np.median(own))) for own in levels])
    centred = np.concatenate([own - base for own, base in zip(levels, bases, strict=True)])
    classes = device.within(fit_scales(np.abs(centred).astype(np.float32), view).classes, 1)
    parameters = UniformParameters(step, row_codes=codes, bases=bases)
    return uniform_record(element, view, parameters, centred, Coder.RANS, classes)

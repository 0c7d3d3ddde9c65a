"""Exact records."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.encoder.quantize.scales import fit_scales
from codec.encoder.tensor.codebook import codebook_record
from codec.encoder.tensor.planes import planes_record
from codec.encoder.tensor.record import Record
from codec.encoder.tensors import as_float64
from codec.format.registry import Coder, ElementType
from codec.format.view import View

_CONTEXTS_FROM = 1 << 14  # elements from which separable contexts may pay
_FEW_VALUES = 1 << 8


def lossless_record(element: ElementType, view: View, bits: NDArray[Any], note: str = "") -> Record:
    """Return the smaller exact record of planes and codebook.

    Parameters
    ----------
    bits
        Bit patterns in coded order, rank 1; see `Tensor.bits`.
    note
        For the report.
    """
    record = _codebook(element, view, bits) or _planes(element, view, bits)
    return Record(record.fragments, element, record.tool, view, record.profile, note)


def _codebook(element: ElementType, view: View, bits: NDArray[Any]) -> Record | None:
    """Return a codebook record if few distinct values make that plainly the smaller one."""
    if element.width not in (2, 4, 8):
        return None
    # A sample settles most tensors without sorting all of them.
    if np.unique(bits[:4096]).size > _FEW_VALUES:
        return None
    values = np.unique(bits)
    if values.size > _FEW_VALUES or values.size * 4 > bits.size > 1:
        return None
    return codebook_record(element, view, bits, Coder.RANS)


def _planes(element: ElementType, view: View, bits: NDArray[Any]) -> Record:
    classes = None
    if element.is_float and view.size >= _CONTEXTS_FROM:
        with np.errstate(over="ignore", invalid="ignore"):
            magnitudes = np.abs(as_float64(bits, element))
            sound = np.where(np.isfinite(magnitudes), magnitudes, 0).astype(np.float32)
        classes = fit_scales(sound, view).classes
    return planes_record(element, view, bits, classes)

"""Partition of tensors: weights, small ones, and those that must be coded exactly.

Implements SPEC.md 16 (R-904).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np

from nntc.encoder.device import MAX_TOGETHER
from nntc.encoder.methods.lossless import FEW_VALUES
from nntc.encoder.options import PatternError
from nntc.encoder.quantize.row_steps import loses_rows
from nntc.encoder.quantize.small_lines import are_out_of_reach, many_are_small, many_elements_are_small
from nntc.encoder.tensors import Tensor
from nntc.format.registry import ElementType
from nntc.onnx.roles import InputKind, Role, Tolerance

FINE = "its integers are hardly finer than what is asked for"
FEW_DISTINCT = "has few distinct values"
SMALL = 1 << 11
"""Tensors of fewer elements are coded together."""
UNEQUAL_ROWS = "has rows that one step for all would leave nothing of"
UNEQUAL_LINES = "has many rows or columns that one step for all would leave nothing of"
UNEQUAL_ELEMENTS = "has many elements that one step for all would leave nothing of"
ASKED = "its name is one of those to keep exact"
_BITS = 8
_LARGE_PARAMETER = 1 << 18
_TINY = 2.0**-80
_LARGEST = {
    ElementType.FLOAT16: 65504.0,
    ElementType.BFLOAT16: 3.0e38,
    ElementType.FLOAT32: 3.0e38,
    ElementType.FLOAT64: 3.0e38,
}
_SAMPLE = 4096
_FEW_INTEGERS = 17  # distinct ones: trained so


@dataclass(frozen=True, slots=True)
class Partition:
    """Tensor numbers by how they are coded.

    Parameters
    ----------
    weights
        Large floating-point tensors, and quantized ones.
    parameters
        Biases, normalizations, and whatever else is small and floating-point.
    exact
        All others; `notes` says why, where that is not plain: for real numbers that are not all equal.
    nibbles
        Weights of 4 bits that become others, if any are asked for.
    """

    weights: list[int]
    parameters: list[int]
    exact: list[int]
    notes: dict[int, str]
    nibbles: list[int] = field(default_factory=list)

    @property
    def lossy(self) -> list[int]:
        """Tensors that are not coded exactly."""
        return [*self.weights, *self.parameters, *self.nibbles]


def partition_tensors(tensors: Sequence[Tensor], exact: Sequence[str] = ()) -> Partition:
    """Sort tensors by what can be done with them.

    Parameters
    ----------
    exact
        Patterns of names, as of files: tensors to code exactly.
    """
    partition = Partition([], [], [], {})
    room = MAX_TOGETHER
    for number, tensor in enumerate(tensors):
        reason = why_exact(tensor, exact)
        if reason is None:
            reason = _why_special(tensor)
        if reason is not None:
            partition.exact.append(number)
            partition.notes[number] = reason
        elif tensor.grid is not None and tensor.size < SMALL:
            partition.exact.append(number)
            partition.notes[number] = ""
        elif _is_parameter(tensor) and tensor.nbytes <= room:
            partition.parameters.append(number)
            room -= tensor.nbytes
        elif tensor.tolerance is Tolerance.SCALING:
            partition.exact.append(number)
            partition.notes[number] = "scales too many elements to be rounded one by one"
        else:
            partition.weights.append(number)
    return partition


def with_tolerance_of_values(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors, those of elements too unlike in size for any steps as if they were what scales."""
    return [
        replace(tensor, tolerance=Tolerance.SCALING) if _is_unlike(tensor) else tensor for tensor in tensors
    ]


def _is_unlike(tensor: Tensor) -> bool:
    """Return whether weights, or what is added, stand only errors that are relative to each element."""
    if not tensor.element.is_float or tensor.tolerance in (Tolerance.SCALING, Tolerance.EXACT):
        return False
    if tensor.tolerance is Tolerance.ADDITIVE:  # such as a mask, with distances where it hides nothing
        is_large = not _is_parameter(tensor)
        return is_large and many_elements_are_small(np.nan_to_num(tensor.values()), _BITS)
    is_first = tensor.input is InputKind.RAW
    values = tensor.values()
    if not np.isfinite(values).all():
        return False
    if is_first and 1 in (tensor.view.rows, tensor.view.channels * tensor.view.period):
        # One weight for each input, whose unit it has.
        return tensor.size < SMALL or many_elements_are_small(values, _BITS)
    is_table = tensor.role is Role.EMBEDDING
    return are_out_of_reach(values, tensor.view, is_first=is_first, is_table=is_table)


def _is_parameter(tensor: Tensor) -> bool:
    is_vector = tensor.role in (Role.BIAS, Role.NORMALIZATION) or tensor.tolerance is Tolerance.SCALING
    return tensor.size < (_LARGE_PARAMETER if is_vector else SMALL)


def why_exact(tensor: Tensor, exact: Sequence[str] = ()) -> str | None:
    """Return why a tensor must be exact for its use: None if it need not be, "" if that goes without saying.

    Parameters
    ----------
    exact
        Patterns of names of tensors that a user wants to be exact.
    """
    if not tensor.has_values:
        return ""
    if any(fnmatchcase(name, pattern) for name in tensor.names for pattern in exact):
        return ASKED
    if tensor.nibbles is not None:
        return ""
    return tensor.reason if tensor.tolerance is Tolerance.EXACT else None


def why_not_one_step(tensor: Tensor, bits: int | None, exact: Sequence[str] = ()) -> str | None:
    """Return why a tensor must be exact, as `why_exact`, or must not have one step or codebook for all of it.

    Each row of a table is used by itself, and often normalized then: a small one matters as a large one does.
    Where many rows or columns of a matrix are small, a scale is in them that what is before or after undoes;
    where many elements of a bias are, the channels that it is added to are as small.

    Parameters
    ----------
    bits
        2^bits levels are to hold the tensor; None for as many as it has values.
    exact
        Patterns of names of tensors that a user wants to be exact.
    """
    if not tensor.element.is_float:  # quantized weights have steps of each row
        return ""
    reason = why_exact(tensor, exact)
    if reason is not None or bits is None or tensor.tolerance is Tolerance.SCALING:
        return reason
    values = tensor.values()
    if not np.isfinite(values).all():
        return None
    if tensor.is_vector or tensor.tolerance is not Tolerance.WEIGHT:
        return UNEQUAL_ELEMENTS if many_elements_are_small(values, bits) else None
    if tensor.role is Role.EMBEDDING and loses_rows(values.reshape(tensor.view.rows, -1), bits):
        return UNEQUAL_ROWS
    return UNEQUAL_LINES if many_are_small(values, tensor.view, bits) else None


def check_exact(exact: Sequence[str], names: Sequence[str]) -> None:
    """Raise PatternError for a pattern that is no name of these tensors."""
    for pattern in exact:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise PatternError(f"no tensor of the model has a name like {pattern!r}")


def _why_special(tensor: Tensor) -> str | None:
    """Return why the values of a tensor are coded exactly, None if they need not be."""
    values = tensor.values()
    if not np.isfinite(values).all():
        return "has values that are not finite"
    low, high = float(values.min()), float(values.max())
    if low == high:
        return ""
    if tensor.grid is not None:
        return FEW_DISTINCT if np.unique(tensor.bits()).size <= _FEW_INTEGERS else None
    if not _TINY < max(-low, high) < _LARGEST[tensor.element] / 4:
        return "is too near the ends of its type's range"
    if np.unique(values[:_SAMPLE]).size <= FEW_VALUES:
        distinct = np.unique(values).size
        if distinct <= FEW_VALUES and 8 * distinct <= values.size:
            return FEW_DISTINCT
    return None

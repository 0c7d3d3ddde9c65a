"""Inputs of a model, and whether arrays fit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

from nntc.encoder.samples.samples import LABELS, Array, Batch
from nntc.errors import SamplesError
from nntc.onnx.operators import Operand, Trait, operator_of

NUMBERS = "biuf"
"""Kinds of numpy's types that a model can be run on here."""
_IN_PLACE = ("Cast", "Identity")


@dataclass(frozen=True, slots=True)
class ModelInput:
    """An input of a model.

    Parameters
    ----------
    name
        Its name.
    dtype
        Type of its elements; None if they are of no type that numpy has.
    shape
        Sizes, None for a dynamic one; None as a whole if the model does not give even the rank.
    """

    name: str
    dtype: np.dtype[Any] | None
    shape: tuple[int | None, ...] | None

    def __str__(self) -> str:
        sizes = "..." if self.shape is None else ", ".join("?" if s is None else str(s) for s in self.shape)
        return f"{self.name} {self.dtype or 'of another type'} ({sizes})"

    def fits(self, shape: Sequence[int]) -> bool:
        """Return whether an array of a shape can be fed."""
        return self.shape is None or (
            len(shape) == len(self.shape)
            and all(size in (None, found) for size, found in zip(self.shape, shape, strict=True))
        )


def model_inputs(model: onnx.ModelProto) -> list[ModelInput]:
    """Return the inputs that a model needs values for: those without an initializer.

    Channels of images that the model leaves open are those that its first convolution takes.
    """
    given = {tensor.name: tensor for tensor in model.graph.initializer}
    return [_input(value, model.graph, given) for value in model.graph.input if value.name not in given]


def _input(
    value: onnx.ValueInfoProto, graph: onnx.GraphProto, constants: Mapping[str, onnx.TensorProto]
) -> ModelInput:
    tensor = value.type.tensor_type
    try:
        dtype: np.dtype[Any] | None = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except KeyError:
        dtype = None
    if dtype is not None and dtype.kind not in NUMBERS:
        dtype = None
    shape = None
    if tensor.HasField("shape"):
        shape = tuple(d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim)
        if len(shape) > 2 and shape[1] is None:
            shape = (shape[0], _channels(value.name, graph, constants), *shape[2:])
    return ModelInput(value.name, dtype, shape)


def _channels(name: str, graph: onnx.GraphProto, constants: Mapping[str, onnx.TensorProto]) -> int | None:
    """Return how many channels the convolution takes that an input goes to first, None without one."""
    names = {name}
    for node in graph.node:
        if not node.input or node.input[0] not in names:
            continue
        operator = operator_of(node)
        kernels = [node.input[i] for i in operator.places(Operand.KERNEL) if node.input[i] in constants]
        if operator.has(Trait.ELEMENTWISE) or node.op_type in _IN_PLACE:
            names.update(node.output)
        elif kernels:
            groups = next((a.i for a in node.attribute if a.name == "group"), 1)
            return int(constants[kernels[0]].dims[1] * groups)
        else:
            return None
    return None


def named(arrays: Mapping[str, Array], inputs: Sequence[ModelInput], where: str) -> Mapping[str, Array]:
    """Return arrays under the names of the model's inputs; E_SAMPLES if there are others, or too few.

    Parameters
    ----------
    arrays
        By name; the only one may have none.
    where
        Where they come from, for people.
    """
    names = [entry.name for entry in inputs]
    if len(names) == len(arrays) == 1 and next(iter(arrays)) in ("", "arr_0"):
        return {names[0]: next(iter(arrays.values()))}
    if set(arrays) != set(names):
        found = ", ".join(name or "(unnamed)" for name in arrays) or "none"
        raise SamplesError(f"{where}: expected arrays {', '.join(names)}, found {found}")
    return arrays


def without_labels(arrays: Mapping[str, Array], inputs: Sequence[ModelInput]) -> Mapping[str, Array]:
    """Return arrays without labels, which files to measure on have, unless the model has such an input."""
    if any(entry.name == LABELS for entry in inputs):
        return arrays
    return {name: array for name, array in arrays.items() if name != LABELS}


def complete(arrays: Mapping[str, Array], inputs: Sequence[ModelInput], where: str) -> Batch:
    """Return a complete set of inputs, of the model's types; E_SAMPLES if it does not fit the model."""
    arrays = named(arrays, inputs, where)
    return {entry.name: _checked(arrays[entry.name], entry, where) for entry in inputs}


def wrong_shape(shape: Sequence[int], entry: ModelInput, where: str) -> SamplesError:
    """Return the error for an array of a shape that does not fit, with what may be the matter."""
    hint = ""
    for places, order, kind in (((0, 3, 1, 2), "0, 3, 1, 2", "last"), ((0, 2, 3, 1), "0, 2, 3, 1", "first")):
        if len(shape) == 4 and entry.shape is not None and len(entry.shape) == 4:
            turned = [shape[place] for place in places]
            if entry.fits([entry.shape[0] or turned[0], *turned[1:]]):
                hint = f": its channels come {kind}; array.transpose({order}) turns them"
    return SamplesError(f"{where}: expected {entry}, found shape {tuple(shape)}{hint}")


def _checked(array: Array, entry: ModelInput, where: str) -> Array:
    if not entry.fits(array.shape):
        raise wrong_shape(array.shape, entry, where)
    dtype = entry.dtype or np.dtype(np.float32)
    if array.dtype.kind not in NUMBERS or not np.can_cast(array.dtype, dtype, "same_kind"):
        raise SamplesError(f"{where}: expected {entry}, found type {array.dtype}")
    if dtype.kind == "f" and array.dtype.kind != "f":
        # Pixels, most of the time, which no network takes as they are.
        raise SamplesError(
            f"{where}: expected {entry}, found type {array.dtype}: convert to {dtype} and scale as the model "
            "was trained, or give a folder of images with a preprocessing"
        )
    if array.size == 0:
        raise SamplesError(f"{where}: {entry.name} is empty, shape {array.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)
    if array.dtype.kind == "f" and not np.isfinite(values).all():
        raise SamplesError(f"{where}: {entry.name} has values that are not finite")
    if array.dtype.kind in "iu" and values.dtype.kind in "iu" and not np.array_equal(values, array):
        raise SamplesError(f"{where}: {entry.name} has values beyond the range of {dtype}")
    return values

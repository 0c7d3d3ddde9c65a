"""Load samples of a model's inputs from files or from dictionaries, and check them."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from nntc.errors import SamplesError

Array = NDArray[Any]
Batch = dict[str, Array]
_NUMBERS = "biuf"  # kinds of numpy's types
SampleSource = str | os.PathLike[str] | Iterable[Mapping[str, Any]]


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


def model_inputs(model: onnx.ModelProto) -> list[ModelInput]:
    """Return the inputs that a model needs values for: those without an initializer."""
    given = {tensor.name for tensor in model.graph.initializer}
    return [_input(value) for value in model.graph.input if value.name not in given]


def _input(value: onnx.ValueInfoProto) -> ModelInput:
    tensor = value.type.tensor_type
    try:
        dtype: np.dtype[Any] | None = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))
    except KeyError:
        dtype = None
    if dtype is not None and dtype.kind not in _NUMBERS:
        dtype = None
    shape = None
    if tensor.HasField("shape"):
        shape = tuple(d.dim_value if d.dim_value > 0 else None for d in tensor.shape.dim)
    return ModelInput(value.name, dtype, shape)


class Samples:
    """Samples in memory, as batches that a model takes.

    Iterating yields batches: a dictionary of name -> array with all of the model's inputs, batch axis
    included. A batch is one sample, or as many as the model's fixed batch axis asks for; dictionaries given
    in Python stay as they are.

    Parameters
    ----------
    batches
        Checked batches.
    """

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = list(batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: slice) -> Samples:
        return Samples(self._batches[index])

    def content_hash(self) -> str:
        """Return the SHA-256 of all names, types, shapes and elements, in hexadecimal."""
        digest = hashlib.sha256()
        for batch in self._batches:
            for name in sorted(batch):
                array = batch[name]
                digest.update(repr((name, array.dtype.str, array.shape)).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def load_samples(source: SampleSource, inputs: Sequence[ModelInput]) -> Samples:
    """Load samples of a model's inputs and check names, types, shapes and values.

    Parameters
    ----------
    source
        Path of an `.npz` file with one array for each input; path of a folder of `.npz` files, or of `.npy`
        files for a model of one input; or dictionaries of name -> array, each a complete set of inputs. The
        first axis of arrays in files counts samples: it is the model's batch axis, or one more in front
        (then each sample is a complete input). An array may go without its name if the model has one input.
    inputs
        The model's inputs (`model_inputs`).

    Raises
    ------
    SamplesError
        E_SAMPLES: they cannot be read, or do not fit the model.
    """
    for entry in inputs:
        if entry.dtype is None:
            raise SamplesError(f"the model's input {entry.name} is no array of numbers")
    if isinstance(source, (str, os.PathLike)):
        batches = _from_path(Path(source), inputs)
    else:
        batches = []
        for number, sample in enumerate(source):
            if not isinstance(sample, Mapping):
                raise SamplesError(f"sample {number} is no dictionary of name -> array")
            arrays = {str(name): np.asarray(value) for name, value in sample.items()}
            batches.append(_complete(arrays, inputs, f"sample {number}"))
    if not batches:
        raise SamplesError("there are no samples")
    return Samples(batches)


def _from_path(path: Path, inputs: Sequence[ModelInput]) -> list[Batch]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".npy", ".npz"))
        return [batch for file in files for batch in _split(_read(file), inputs, file.name)]
    if not path.exists():
        raise SamplesError(f"{path} does not exist")
    return _split(_read(path), inputs, path.name)


def _read(file: Path) -> dict[str, Array]:
    """Return the arrays in a file; that in an `.npy` file has no name."""
    try:
        with file.open("rb") as stream:  # numpy leaves one of its own open where it fails
            content = np.load(stream, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return {"": content}
            with content:
                return {name: content[name] for name in content.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as e:
        raise SamplesError(f"{file.name} cannot be read as .npy or .npz: {e}") from e


def _split(arrays: dict[str, Array], inputs: Sequence[ModelInput], where: str) -> list[Batch]:
    """Return the batches in arrays whose first axis counts samples."""
    arrays = _named(arrays, inputs, where)
    cutters = {entry.name: _cutter(arrays[entry.name], entry, where) for entry in inputs}
    counts = {name: count for name, (count, _) in cutters.items() if count is not None}
    if len(set(counts.values())) > 1:
        raise SamplesError(
            f"{where} has different numbers of samples: {', '.join(f'{n} {c}' for n, c in counts.items())}"
        )
    count = next(iter(counts.values()), 1)
    return [
        _complete({name: cut(index) for name, (_, cut) in cutters.items()}, inputs, where)
        for index in range(count)
    ]


def _cutter(array: Array, entry: ModelInput, where: str) -> tuple[int | None, Callable[[int], Array]]:
    """Return how many batches an array holds (None: one for all of them) and how to take one out."""
    rank = array.ndim if entry.shape is None else len(entry.shape)
    if array.ndim == rank + 1:
        return len(array), lambda index: array[index]
    if array.ndim == rank == 0:
        return None, lambda _: array
    if array.ndim == rank - 1 and entry.shape is not None and entry.shape[0] in (1, None):
        return 1, lambda _: array[None]  # one sample without its batch axis
    if array.ndim != rank:
        raise SamplesError(f"{where}: expected {entry}, found shape {array.shape}")
    size = (entry.shape[0] if entry.shape else None) or 1
    if len(array) % size:
        raise SamplesError(f"{where}: {entry.name} has {len(array)} samples, the model takes {size} at once")
    return len(array) // size, lambda index: array[index * size : (index + 1) * size]


def _named(arrays: dict[str, Array], inputs: Sequence[ModelInput], where: str) -> dict[str, Array]:
    """Return arrays under the names of the model's inputs."""
    names = [entry.name for entry in inputs]
    if len(names) == len(arrays) == 1 and next(iter(arrays)) in ("", "arr_0"):
        return {names[0]: next(iter(arrays.values()))}
    if set(arrays) != set(names):
        found = ", ".join(name or "(unnamed)" for name in arrays) or "none"
        raise SamplesError(f"{where}: expected arrays {', '.join(names)}, found {found}")
    return arrays


def _complete(arrays: dict[str, Array], inputs: Sequence[ModelInput], where: str) -> Batch:
    """Return a complete set of inputs, checked."""
    arrays = _named(arrays, inputs, where)
    return {entry.name: _checked(arrays[entry.name], entry, where) for entry in inputs}


def _checked(array: Array, entry: ModelInput, where: str) -> Array:
    shape = entry.shape
    fits = shape is None or (
        array.ndim == len(shape)
        and all(size in (None, found) for size, found in zip(shape, array.shape, strict=True))
    )
    if not fits:
        raise SamplesError(f"{where}: expected {entry}, found shape {array.shape}")
    if array.dtype.kind not in _NUMBERS or not np.can_cast(array.dtype, entry.dtype or "f4", "same_kind"):
        raise SamplesError(f"{where}: expected {entry}, found type {array.dtype}")
    if array.size == 0:
        raise SamplesError(f"{where}: {entry.name} is empty, shape {array.shape}")
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.ascontiguousarray(array, dtype=entry.dtype).reshape(array.shape)
    if array.dtype.kind == "f" and not np.isfinite(values).all():
        raise SamplesError(f"{where}: {entry.name} has values that are not finite")
    if array.dtype.kind in "iu" and values.dtype.kind in "iu" and not np.array_equal(values, array):
        raise SamplesError(f"{where}: {entry.name} has values beyond the range of {entry.dtype}")
    return values

"""Samples from `.npy` and `.npz` files: arrays whose first axis counts samples."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from nntc.encoder.samples.files import check_regular, list_files, note_foreign
from nntc.encoder.samples.inputs import ModelInput, complete, named, without_labels, wrong_shape
from nntc.encoder.samples.samples import LABELS, LABELS_UNUSED, Array, Batch, Samples
from nntc.errors import SamplesError

SUFFIXES = (".npy", ".npz")


def load_arrays(path: Path, inputs: Sequence[ModelInput]) -> Samples:
    """Load samples from a file, or from the files in a folder; other files there are noted.

    Raises
    ------
    SamplesError
        E_SAMPLES: they cannot be read, or do not fit the model.
    """
    files, foreign = list_files(path, SUFFIXES) if path.is_dir() else ([path], [])
    batches: list[Batch] = []
    remarks = note_foreign(path, foreign)
    for file in files:
        arrays = _read(file)
        unlabelled = without_labels(arrays, inputs)
        if len(unlabelled) < len(arrays) and LABELS_UNUSED not in remarks:
            remarks.append(LABELS_UNUSED)
        batches += _split(unlabelled, inputs, file.name)
    return Samples(batches, remarks)


def holds_labels(path: Path) -> bool:
    """Return whether a file, or the first in a folder, has labels; its arrays are not read.

    False where it cannot be read, which loading it will tell.
    """
    files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    try:
        with zipfile.ZipFile(files[0]) as content:
            return f"{LABELS}.npy" in content.namelist()
    except (IndexError, OSError, zipfile.BadZipFile):
        return False


def _read(file: Path) -> dict[str, Array]:
    """Return the arrays in a file; that in an `.npy` file has no name."""
    check_regular(file)
    try:
        with file.open("rb") as stream:  # numpy leaves one of its own open where it fails
            content = np.load(stream, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return {"": content}
            with content:
                arrays = {name: content[name] for name in content.files}
    except MemoryError:
        raise
    except Exception as e:  # numpy, zipfile and zlib raise errors of many types for damaged files
        raise SamplesError(f"{file.name} cannot be read as .npy or .npz: {_line(e)}") from e
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise SamplesError(f"{file.name} holds {name}, which is no array")
    return arrays


def _line(error: Exception) -> str:
    """Return what an error says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _split(arrays: Mapping[str, Array], inputs: Sequence[ModelInput], where: str) -> list[Batch]:
    """Return the batches in arrays whose first axis counts samples."""
    arrays = named(arrays, inputs, where)
    cutters = {entry.name: _cutter(arrays[entry.name], entry, where) for entry in inputs}
    counts = {name: count for name, (count, _) in cutters.items() if count is not None}
    if len(set(counts.values())) > 1:
        raise SamplesError(
            f"{where} has different numbers of samples: {', '.join(f'{n} {c}' for n, c in counts.items())}"
        )
    count = next(iter(counts.values()), 1)
    return [
        complete({name: cut(index) for name, (_, cut) in cutters.items()}, inputs, where)
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
        raise wrong_shape(array.shape, entry, where)
    size = (entry.shape[0] if entry.shape else None) or 1
    if len(array) % size:
        raise SamplesError(f"{where}: {entry.name} has {len(array)} samples, the model takes {size} at once")
    return len(array) // size, lambda index: array[index * size : (index + 1) * size]

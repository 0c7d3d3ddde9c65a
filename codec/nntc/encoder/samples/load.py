"""Load samples of a model's inputs from arrays, from images or from dictionaries, and check them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nntc.encoder.samples.arrays import load_arrays
from nntc.encoder.samples.files import check_regular
from nntc.encoder.samples.image_folder import ImageFolder, load_images
from nntc.encoder.samples.images import SUFFIXES
from nntc.encoder.samples.inputs import ModelInput, complete, without_labels
from nntc.encoder.samples.samples import LABELS_UNUSED, Samples
from nntc.errors import SamplesError
from nntc.progress import Progress

SampleSource = str | os.PathLike[str] | ImageFolder | Iterable[Mapping[str, Any]]
"""Path of a file or a folder of arrays, a folder of images, or dictionaries of name -> array."""


def load_samples(
    source: SampleSource,
    inputs: Sequence[ModelInput],
    *,
    progress: Progress | None = None,
) -> Samples:
    """Load samples of a model's inputs and check names, types, shapes and values.

    Parameters
    ----------
    source
        Path of an `.npz` file with one array for each input; path of a folder of `.npz` files, or of `.npy`
        files for a model of one input; a folder of images; or dictionaries of name -> array, each a complete
        set of inputs. The first axis of arrays in files counts samples: it is the model's batch axis, or one
        more in front (then each sample is a complete input). An array may go without its name if the model
        has one input. An array `labels` that is no input is left out, with a remark.
    inputs
        The model's inputs (`model_inputs`).
    progress
        Called with events; images are steps.

    Raises
    ------
    ImportError
        Images are to be read, and there is no Pillow.
    SamplesError
        E_SAMPLES: they cannot be read, or do not fit the model.
    """
    for entry in inputs:
        if entry.dtype is None:
            raise SamplesError(f"the model's input {entry.name} is no array of numbers")
    if isinstance(source, ImageFolder):
        samples = load_images(source, inputs, progress=progress)
    elif isinstance(source, (str, os.PathLike)):
        samples = _from_path(Path(source), inputs)
    elif isinstance(source, Mapping):
        raise SamplesError(
            "this is one dictionary, and there must be one for each sample: a list of them, or an .npz file"
        )
    elif isinstance(source, Iterable):
        samples = _from_dictionaries(source, inputs)
    else:
        raise TypeError(
            f"samples are a path, nntc.ImageFolder or dictionaries of name -> array, not {source!r}"
        )
    if not len(samples):
        raise SamplesError("there are no samples")
    return samples


def _from_path(path: Path, inputs: Sequence[ModelInput]) -> Samples:
    if not path.is_dir():
        check_regular(path)
    if path.suffix.lower() in SUFFIXES:
        raise SamplesError(f"{path.name} is an image: give its folder, and a preprocessing")
    samples = load_arrays(path, inputs)
    if not len(samples) and path.is_dir() and has_images(path):
        raise SamplesError(
            f"{path.name} is a folder of images: say with a preprocessing (--preprocess, nntc.ImageFolder) "
            "how they become inputs of the model"
        )
    return samples


def has_images(path: Path) -> bool:
    """Return whether there is an image in a folder or in the folders in it."""
    places = (*path.iterdir(), *path.glob("*/*"))
    return any(place.suffix.lower() in SUFFIXES for place in places)


def _from_dictionaries(source: Iterable[Mapping[str, Any]], inputs: Sequence[ModelInput]) -> Samples:
    types = {entry.name: entry.dtype for entry in inputs}
    batches = []
    remarks: set[str] = set()
    for number, sample in enumerate(source):
        if not isinstance(sample, Mapping):
            raise SamplesError(f"sample {number} is no dictionary of name -> array")
        arrays = {}
        for name, value in sample.items():
            # Lists and numbers of Python have no type of their own.
            is_typed = hasattr(value, "dtype") or hasattr(value, "__array__")
            try:
                arrays[str(name)] = np.asarray(value, None if is_typed else types.get(str(name)))
            except (TypeError, ValueError, OverflowError) as e:
                raise SamplesError(f"sample {number}: {name} is no array: {e}") from e
        unlabelled = without_labels(arrays, inputs)
        if len(unlabelled) < len(arrays):
            remarks.add(LABELS_UNUSED)
        batches.append(complete(unlabelled, inputs, f"sample {number}"))
    return Samples(batches, sorted(remarks))

"""CIFAR-10 in the forms it is found in.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009): 50,000 images to train on and
10,000 to test with, 32x32 pixels, ten classes. Which form a folder or file has is seen from its names.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reference_models.data.arrays import read_arrays
from reference_models.data.images import SIZE, ImageSplit, LabelledImages, checked
from reference_models.data.mosaics import read_mosaics
from reference_models.data.restricted_pickle import restricted_load
from reference_models.errors import ReferenceModelError

_BATCHES = "cifar-10-batches-py"


def read_cifar10(source: Path) -> ImageSplit:
    """Read both parts.

    Parameters
    ----------
    source
        `cifar-10-batches-py` or the folder that holds it (torchvision, Keras); an `.npz` with x_train,
        y_train, x_test and y_test; a folder with train and test, in these a folder of images for every
        class; or a folder of mosaics.

    Raises
    ------
    ReferenceModelError
        E_DATA.
    """
    try:
        if source.is_file():
            return _from_npz(source)
        for folder in (source, source / _BATCHES):
            if (folder / "data_batch_1").is_file():
                return _from_batches(folder)
        if (source / "train").is_dir():
            return _from_folders(source)
        if (source / "train_labels.npy").is_file():
            return read_mosaics(source)
    except (OSError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as e:
        raise ReferenceModelError("E_DATA", f"{source}: {e}") from e
    raise ReferenceModelError("E_DATA", f"{source}: no form of CIFAR-10 that is known here")


def _from_batches(folder: Path) -> ImageSplit:
    training = sorted(folder.glob("data_batch_*"))
    return ImageSplit(_batches(training), _batches([folder / "test_batch"]))


def _batches(paths: Sequence[Path]) -> LabelledImages:
    images, labels = [], []
    for path in paths:
        with path.open("rb") as file:
            content = restricted_load(file)
        images.append(np.asarray(content["data"]).reshape(-1, 3, SIZE, SIZE))
        labels.append(np.asarray(content["labels"]))
    return checked(np.concatenate(images), np.concatenate(labels))


def _from_npz(path: Path) -> ImageSplit:
    arrays = read_arrays(path)
    training, test = (
        checked(np.moveaxis(arrays[f"x_{part}"], 3, 1), arrays[f"y_{part}"].reshape(-1))
        for part in ("train", "test")
    )
    return ImageSplit(training, test)


def _from_folders(source: Path) -> ImageSplit:
    """Read images, bringing them to 32x32 pixels; classes are numbered in alphabetical order."""
    classes = sorted(path.name for path in (source / "train").iterdir() if path.is_dir())
    training, test = (_folder(source / part, classes) for part in ("train", "test"))
    return ImageSplit(training, test)


def _folder(folder: Path, classes: Sequence[str]) -> LabelledImages:
    from PIL import Image

    images, labels = [], []
    for number, name in enumerate(classes):
        for path in sorted((folder / name).iterdir()):
            with Image.open(path) as picture:
                images.append(np.asarray(picture.convert("RGB").resize((SIZE, SIZE))).transpose(2, 0, 1))
            labels.append(number)
    return checked(np.array(images), np.array(labels))

"""From a recipe and data to a task."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from reference_models.data.cifar10 import read_cifar10
from reference_models.data.imdb import read_imdb
from reference_models.errors import ReferenceModelError
from reference_models.networks.review_lstm import LENGTH, UNITS, WORDS
from reference_models.training.features import Cifar10Features, DigitsFeatures
from reference_models.training.frechet import Frechet
from reference_models.training.gan_task import GanTask
from reference_models.training.image_task import ImageTask
from reference_models.training.recipe import Recipe
from reference_models.training.review_task import ReviewTask
from reference_models.training.tasks import Task, pixels


def build_task(recipe: Recipe, data: Path | None, device: torch.device) -> Task:
    """Read the data and build the networks of a recipe, with weights drawn from torch's global generator.

    Raises
    ------
    ReferenceModelError
        E_RECIPE, E_DATA.
    """
    builders: dict[str, Callable[..., Task]] = {"reviews": _reviews, "images": _images, "gan": _gan}
    if recipe.task not in builders:
        raise ReferenceModelError("E_RECIPE", f"task must be one of {', '.join(builders)}")
    builder = builders[recipe.task]
    try:
        inspect.signature(builder).bind(data, device, **recipe.options)
    except TypeError as e:
        raise ReferenceModelError("E_RECIPE", f"options of {recipe.task}: {e}") from e
    torch.manual_seed(recipe.seed)
    return builder(data, device, **recipe.options)


def _reviews(
    data: Path | None, device: torch.device, *, words: int = WORDS, units: int = UNITS, length: int = LENGTH
) -> Task:
    return ReviewTask(read_imdb(_given(data), words, LENGTH), device, words, units, length)


def _images(data: Path | None, device: torch.device, *, divisor: int = 1) -> Task:
    return ImageTask(read_cifar10(_given(data)), device, divisor)


def _gan(
    data: Path | None, device: torch.device, *, images: str = "cifar10", classes: Sequence[int] = ()
) -> Task:
    if images == "digits":
        from reference_models.data.digits import read_digits  # needs scikit-learn, which nothing else does

        read, features = read_digits().training, DigitsFeatures()
    elif images == "cifar10":
        read, features = read_cifar10(_given(data)).training.only(classes), Cifar10Features()
    else:
        raise ReferenceModelError("E_RECIPE", "images must be cifar10 or digits")
    real = torch.from_numpy(read.images).to(device)
    return GanTask(real, Frechet(features.to(device), pixels(real)))


def _given(data: Path | None) -> Path:
    if data is None:
        raise ReferenceModelError("E_DATA", "this recipe needs data: give --data")
    return data

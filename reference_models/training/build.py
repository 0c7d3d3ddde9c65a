"""From a recipe and a data folder to a task."""

from __future__ import annotations

from pathlib import Path

import torch

from reference_models.data.imdb import read_imdb
from reference_models.data.cifar10 import read_cifar10
from reference_models.errors import ReferenceModelError
from reference_models.networks.review_lstm import LENGTH, WORDS
from reference_models.training.gan_task import GanTask
from reference_models.training.recipe import Recipe
from reference_models.training.review_task import ReviewTask
from reference_models.training.tasks import Task


def build_task(recipe: Recipe, data: Path, device: torch.device) -> Task:
    """Read the data and build the networks of a recipe, with weights drawn from torch's global generator."""
    torch.manual_seed(recipe.seed)
    try:
        if recipe.task == "reviews":
            o = dict(words=WORDS, units=128, length=LENGTH) | recipe.options
            return ReviewTask(read_imdb(data, o["words"], LENGTH), device, **o)
        if recipe.task == "gan":
            from reference_models.data.digits import read_digits
            return GanTask(read_digits() if recipe.options.get("images")=="digits" else read_cifar10(data), device, recipe.options.get("classes", []), None)
    except TypeError as e:
        raise ReferenceModelError("E_RECIPE", f"options of {recipe.task}: {e}") from e
    raise ReferenceModelError("E_RECIPE", f"there is no task {recipe.task}")

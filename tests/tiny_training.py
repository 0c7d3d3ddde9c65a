"""Data, networks and recipes so small that they train in no time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from reference_models.data.images import ImageSplit, LabelledImages
from reference_models.data.reviews import Reviews, ReviewSplit
from reference_models.training.image_task import ImageTask
from reference_models.training.recipe import Recipe, Stage
from reference_models.training.review_task import ReviewTask
from reference_models.training.tasks import Task
from reference_models.training.trainer import Trainer

WORDS, UNITS, LENGTH = 30, 5, 6
CPU = torch.device("cpu")

STAGES = (
    Stage("dense", epochs=1.5, learning_rate=1e-2, decay="cycle", gradient_norm=1.0, average=0.9),
    Stage("prune", epochs=1, learning_rate=1e-2, sparsity=0.5, ramp=0.5),
    Stage("quantize", epochs=1.2, learning_rate=1e-2, bits=2, decay="cosine", average=0.5),
)
RECIPE = Recipe("reviews", STAGES, batch=8, seed=3, digest="digest")


def reviews() -> ReviewSplit:
    """Make reviews whose opinion is whether word 7 is in them."""
    words = np.random.default_rng(5).integers(4, WORDS, (48, LENGTH)).astype(np.int32)
    words[::2, 2] = 7
    part = Reviews(words, (words == 7).any(axis=1).astype(np.uint8))
    return ReviewSplit(part, part)


def images() -> ImageSplit:
    """Make images of ten shades."""
    labels = np.arange(20, dtype=np.uint8) % 10
    pictures = np.broadcast_to(labels[:, None, None, None] * 20, (20, 3, 32, 32)).astype(np.uint8)
    part = LabelledImages(pictures.copy(), labels)
    return ImageSplit(part, part)


def review_task() -> Task:
    torch.manual_seed(11)
    return ReviewTask(reviews(), CPU, WORDS, UNITS, LENGTH)


def image_task() -> Task:
    torch.manual_seed(11)
    # The stem has 8 planes: with 5, the weight gradients of oneDNN for AVX2 write past their memory.
    return ImageTask(images(), CPU, divisor=11)


def train(task: Task, folder: Path, recipe: Recipe = RECIPE, **options: object) -> dict[str, bytes]:
    """Train into a folder and return what is in it, but for the checkpoint, whose bytes mean nothing."""
    folder.mkdir(exist_ok=True)
    report = options.pop("report", lambda *_: None)
    every = options.pop("every", 4)
    Trainer(task, recipe, folder, CPU, report, every).run()  # type: ignore[arg-type]
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".onnx", ".json")}

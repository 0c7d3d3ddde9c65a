"""Samples from a folder of images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntc.encoder.samples.files import list_files, note_foreign
from nntc.encoder.samples.images import SUFFIXES, check_pillow, form_of, read_image
from nntc.encoder.samples.inputs import ModelInput
from nntc.encoder.samples.labels import labels_of_folders, read_labels
from nntc.encoder.samples.preprocess import PRESETS, Preprocess
from nntc.encoder.samples.samples import LABELS, Batch, Samples
from nntc.errors import SamplesError
from nntc.progress import Phase, Progress, Steps

MOST_TO_CALIBRATE = 256
"""Images of a folder that are calibrated with, where it does not say how many."""
TABLE = "labels.csv"
"""Name of a table of labels in the folder itself."""


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A folder of images, in sub-folders too, as samples of a model's only input.

    Parameters
    ----------
    path
        The folder. Sub-folders are classes, for measuring accuracy.
    preprocess
        How images become inputs: `imagenet`, `caffe`, `tf`, `unit`, `raw` or another preset, a text as for
        `Preprocess.parse`, or a `Preprocess`.
    labels
        Path of a table of class numbers, a line `name,number` for each image; by default `labels.csv` in the
        folder.
    count
        Images to use, evenly chosen where there are more; None is 256 to calibrate with and 1,000 to measure
        on.
    """

    path: str | os.PathLike[str]
    preprocess: str | Preprocess
    labels: str | os.PathLike[str] | None = None
    count: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.preprocess, Preprocess):
            Preprocess.parse(self.preprocess)
        if self.count is not None and self.count < 1:
            raise ValueError("count must be at least 1")

    def __str__(self) -> str:
        how = self.preprocess
        name = next((key for key, preset in PRESETS.items() if preset == how), "an own preprocessing")
        return f"images in {Path(self.path).name}, {how if isinstance(how, str) else name}"

    @property
    def steps(self) -> Preprocess:
        """The preprocessing."""
        return (
            self.preprocess if isinstance(self.preprocess, Preprocess) else Preprocess.parse(self.preprocess)
        )


def load_images(
    folder: ImageFolder,
    inputs: Sequence[ModelInput],
    *,
    labelled: bool = False,
    count: int = MOST_TO_CALIBRATE,
    progress: Progress | None = None,
) -> Samples:
    """Load images as samples of a model's only input.

    Parameters
    ----------
    labelled
        Whether to give each batch its labels, where the folder has them.
    count
        Images that are used at most, where the folder itself does not say.

    Raises
    ------
    ImportError
        There is no Pillow.
    SamplesError
        E_SAMPLES: an image or the table of labels cannot be read, or images do not fit the model.
    """
    check_pillow()
    path = Path(folder.path)
    if not path.is_dir():
        raise SamplesError(f"{path} is no folder")
    if len(inputs) != 1:
        raise SamplesError(f"images are samples for a model of one input, this one has {len(inputs)}")
    form = form_of(inputs[0], folder.steps)
    images, foreign = list_files(path, SUFFIXES, deep=True)
    foreign = [file for file in foreign if file.name != TABLE]
    if not images:
        raise SamplesError(f"there are no images in {path.name}")
    remarks = note_foreign(path, foreign)
    chosen = _evenly(images, folder.count or count, form.batch)
    if len(chosen) < len(images):
        remarks.append(f"{len(chosen):,} of {len(images):,} images in {path.name} are used, evenly chosen")
    labels = None
    if labelled:
        labels, note = _labels(folder, path, images)
        remarks += [note] if note else []
    steps = Steps(progress, Phase.READING, len(chosen), "image")
    arrays = [read_image(images[number], form, folder.steps) for number in steps.through(chosen)]
    batches: list[Batch] = []
    for start in range(0, len(chosen), form.batch):
        batch = {form.entry.name: np.stack(arrays[start : start + form.batch])}
        if labels is not None:
            batch[LABELS] = np.array([labels[number] for number in chosen[start : start + form.batch]])
        batches.append(batch)
    return Samples(batches, remarks)


def _labels(folder: ImageFolder, path: Path, images: Sequence[Path]) -> tuple[list[int] | None, str]:
    """Return the labels of all images, None without any, and a note on them."""
    table = path / TABLE if folder.labels is None else Path(folder.labels)
    if folder.labels is not None or table.exists():
        return read_labels(table, path, images), ""
    return labels_of_folders(path, images) or (None, "")


def _evenly(images: Sequence[Path], count: int, batch: int) -> list[int]:
    """Return places of images, whole batches of them, spread over all."""
    count = min(count, len(images)) // batch * batch
    if not count:
        raise SamplesError(f"{len(images)} images are too few, the model takes {batch} at once")
    return [number * len(images) // count for number in range(count)]

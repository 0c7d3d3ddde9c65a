"""Samples to measure on: with labels perhaps, or held out of those to calibrate with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntc.encoder.samples import LABELS, Batch, ImageFolder, ModelInput, Samples, SampleSource, load_samples
from nntc.encoder.samples.arrays import holds_labels
from nntc.encoder.samples.image_folder import load_images
from nntc.encoder.samples.samples import count_samples
from nntc.errors import SamplesError
from nntc.progress import Progress

MOST_IMAGES = 1000
"""Images of a folder that are measured on, where it does not say how many."""
_SHARE, _FEW_SHARE = 8, 4
"""One calibration sample in so many is measured on: for a check of the result, and where there are few or a
search for a goal."""
_MANY = 16
_LEAST_TO_SEARCH = 8
_LEAST_TO_CALIBRATE = 3
"""MobileNetV2 has 90 times the divergence with two images that it has without any, half of it with four."""


def load_evaluation(
    source: SampleSource, inputs: list[ModelInput], *, labelled: bool, progress: Progress | None = None
) -> Samples:
    """Load samples to measure on, with their labels if they have any.

    Parameters
    ----------
    source
        As for `load_samples`; an array `labels`, int [samples] or with an axis for each answer, may come with
        each file or dictionary.
    inputs
        The model's inputs.
    labelled
        Whether there must be labels.
    progress
        Called with events; images are steps.

    Raises
    ------
    SamplesError
        E_SAMPLES: they cannot be read, do not fit the model, or have no labels.
    """
    if isinstance(source, ImageFolder):
        samples = load_images(source, inputs, labelled=True, count=MOST_IMAGES, progress=progress)
    else:
        samples = _load_arrays(source, inputs, progress)
    if labelled and not all(LABELS in batch for batch in samples):
        raise SamplesError("the evaluation samples have no labels")
    return samples


def _load_arrays(
    source: str | os.PathLike[str] | Iterable[Mapping[str, Any]],
    inputs: list[ModelInput],
    progress: Progress | None,
) -> Samples:
    if isinstance(source, str | os.PathLike):
        has_labels = holds_labels(Path(source))
    else:
        source = list(source)
        has_labels = any(LABELS in sample for sample in source if hasattr(sample, "keys"))
    if not has_labels:
        return load_samples(source, inputs, progress=progress)
    batch = inputs[0].shape[0] if inputs and inputs[0].shape else None
    # With a batch of more than one the model's first axis counts labels; else they may have any axes.
    shape = None if batch in (None, 1) else (batch,)
    return load_samples(source, [*inputs, ModelInput(LABELS, np.dtype(np.int64), shape)], progress=progress)


@dataclass(frozen=True, slots=True)
class Division:
    """Calibration samples, divided.

    Parameters
    ----------
    kept
        To calibrate with; None if there are too few.
    held
        To measure on; None if all are calibrated with.
    remark
        Why they are not calibrated with, "" if they are.
    """

    kept: Samples | None
    held: Samples | None
    remark: str = ""


def divide(samples: Samples, *, is_search: bool) -> Division:
    """Divide calibration samples: every fourth or eighth is not calibrated with, but measured on.

    Every fourth is if a search will measure several encodings, and of few samples, else every eighth. Of two,
    both are measured on and none is calibrated with, unless each is a batch of many.

    Raises
    ------
    SamplesError
        E_SAMPLES: there are too few for a search.
    """
    if is_search and len(samples) < _LEAST_TO_SEARCH:
        raise SamplesError(
            f"{len(samples)} calibration samples are too few to hold some out and measure on them: give at "
            f"least {_LEAST_TO_SEARCH}, or evaluation samples"
        )
    if len(samples) < _LEAST_TO_CALIBRATE and sum(map(count_samples, samples)) < _MANY:
        number = f"{len(samples)} calibration sample{'s are' if len(samples) > 1 else ' is'}"
        return Division(
            None, samples, f"WARNING: {number} too few to calibrate with: encoded without; give 32 to 256"
        )
    if len(samples) == 1:
        return Division(samples, None)
    share = _FEW_SHARE if is_search or len(samples) < _MANY else _SHARE
    return Division(*_split(samples, share))


def _split(samples: Samples, share: int) -> tuple[Samples, Samples]:
    """Return samples, and one in `share` of them, from the first on."""
    batches = list(enumerate(samples))
    kept = [batch for number, batch in batches if number % share]
    held = [batch for number, batch in batches if number % share == 0]
    return Samples(kept, samples.remarks), Samples(held, samples.remarks)


def count_shared(samples: Samples, others: Samples) -> int:
    """Return how many samples have the same inputs as one of the others."""
    known = {_input_hash(batch) for batch in others}
    return sum(_input_hash(batch) in known for batch in samples)


def _input_hash(batch: Batch) -> str:
    return Samples([{name: array for name, array in batch.items() if name != LABELS}]).content_hash()

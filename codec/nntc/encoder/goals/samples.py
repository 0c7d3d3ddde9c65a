"""Samples to measure on: with labels perhaps, or held out of those to calibrate with."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nntc.encoder.network.samples import Batch, ModelInput, Samples, SampleSource, load_samples
from nntc.errors import SamplesError

LABELS = "labels"
_HELD_OUT = 4  # one in so many
_LEAST_TO_DIVIDE = 8


def load_evaluation(source: SampleSource, inputs: list[ModelInput], *, labelled: bool) -> Samples:
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

    Raises
    ------
    SamplesError
        E_SAMPLES: they cannot be read, do not fit the model, or have no labels.
    """
    if not isinstance(source, str | os.PathLike):
        source = list(source)
    if not _has_labels(source):
        samples = load_samples(source, inputs)
        if labelled:
            raise SamplesError("the evaluation samples have no labels")
        return samples
    batch = inputs[0].shape[0] if inputs and inputs[0].shape else None
    # With a batch of more than one the model's first axis counts labels; else they may have any axes.
    shape = None if batch in (None, 1) else (batch,)
    return load_samples(source, [*inputs, ModelInput(LABELS, np.dtype(np.int64), shape)])


def _has_labels(source: Any) -> bool:
    """Return whether samples have labels; False where they cannot be read, which loading them will tell."""
    if not isinstance(source, str | os.PathLike):
        return any(isinstance(sample, Mapping) and LABELS in sample for sample in source)
    path = Path(source)
    files = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    return bool(files) and zipfile.is_zipfile(files[0]) and _holds_labels(files[0])


def _holds_labels(file: Path) -> bool:
    """Return whether an `.npz` file has labels; its arrays are not read."""
    try:
        with zipfile.ZipFile(file) as content:
            return f"{LABELS}.npy" in content.namelist()
    except zipfile.BadZipFile:
        return False


def hold_out(samples: Samples) -> tuple[Samples, Samples]:
    """Return samples to calibrate with, and every fourth, to measure on.

    Raises
    ------
    SamplesError
        E_SAMPLES: there are too few.
    """
    if len(samples) < _LEAST_TO_DIVIDE:
        raise SamplesError(
            f"{len(samples)} calibration samples are too few to hold some out and measure on them: give at "
            f"least {_LEAST_TO_DIVIDE}, or evaluation samples"
        )
    batches = list(enumerate(samples))
    kept = [batch for number, batch in batches if number % _HELD_OUT]
    return Samples(kept), Samples([batch for number, batch in batches if number % _HELD_OUT == 0])


def count_shared(samples: Samples, others: Samples) -> int:
    """Return how many samples have the same inputs as one of the others."""
    known = {_input_hash(batch) for batch in others}
    return sum(_input_hash(batch) in known for batch in samples)


def _input_hash(batch: Batch) -> str:
    return Samples([{name: array for name, array in batch.items() if name != LABELS}]).content_hash()


def count_samples(batch: Batch) -> int:
    """Return how many samples a batch holds: the length of its first input's first axis."""
    first = next(iter(batch.values()))
    return len(first) if first.ndim else 1

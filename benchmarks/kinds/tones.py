"""Pitch: crepe_tiny, 1-D convolutions, 0.5 million weights.

Inputs are 1,024 samples at 16 kHz of synthetic tones: harmonics that fade with their number, vibrato, some
noise. Measured by the pitch named: within one bin, 20 cents, of the original's. Beside it: the squared
error of the outputs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .task import Batch, Fidelity, Outputs, Task

RATE, LENGTH = 16_000, 1024
NAME = "crepe_tiny"


def tones(data: Path, calibration: int, evaluation: int) -> Task:
    """Return the task."""
    return Task(
        NAME,
        data / "models" / f"{NAME}.onnx",
        "same pitch within 20 cents",
        _batches(calibration, 1),
        _batches(evaluation, 2),
        _compare,
    )


def _batches(count: int, seed: int) -> list[Batch]:
    rng = np.random.default_rng(seed)
    return [{"frames": _tone(rng)[None]} for _ in range(count)]


def _tone(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a tone of 50 to 1,600 Hz, of mean 0 and variance 1."""
    time = np.arange(LENGTH) / RATE
    pitch = 50 * 2 ** rng.uniform(0, 5)
    depth, beat = rng.uniform(0, 0.02), rng.uniform(4, 7)
    phase = 2 * np.pi * pitch * (time + depth / (2 * np.pi * beat) * np.sin(2 * np.pi * beat * time))
    fading = rng.uniform(0.5, 2.5)
    harmonics = np.arange(1, int(RATE / 2 / pitch / (1 + depth)) + 1)
    strengths = harmonics**-fading * rng.uniform(0.2, 1, len(harmonics))
    shifts = rng.uniform(0, 2 * np.pi, len(harmonics))
    sound = strengths @ np.sin(harmonics[:, None] * phase + shifts[:, None])
    sound += rng.normal(0, rng.uniform(0, 0.2) * sound.std(), LENGTH)
    return np.asarray((sound - sound.mean()) / sound.std(), np.float32)


def _compare(original: Outputs, other: Outputs) -> Fidelity:
    a, b = np.concatenate(original), np.nan_to_num(np.concatenate(other))
    same = np.abs(a.argmax(axis=1) - b.argmax(axis=1)) <= 1
    return Fidelity(float(same.mean()), float(((a - b) ** 2).sum() / (a**2).sum()), {})

"""A network with inputs to calibrate it by, others to measure it on, and the measure of its own answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..imagenet import session

Array = NDArray[Any]
Batch = dict[str, Array]
Outputs = list[Array]


@dataclass(frozen=True)
class Fidelity:
    """How alike a network answers to its original.

    Attributes:
        own: the network's own measure, 1 for equal answers.
        distance: KL divergence in nats, or one minus the cosine: steadier than decisions are.
        others: further measures by name.

    """

    own: float
    distance: float
    others: dict[str, float]


@dataclass(frozen=True)
class Task:
    """A network and what it is measured with.

    Attributes:
        name: of the network.
        model: its file.
        measure: what `Fidelity.own` is.
        calibration: inputs to encode it by.
        evaluation: inputs of the same kind to measure it on, none of them in `calibration`.
        compare: compares the first outputs for `evaluation`, the original's and another's.

    """

    name: str
    model: Path
    measure: str
    calibration: Sequence[Batch]
    evaluation: Sequence[Batch]
    compare: Callable[[Outputs, Outputs], Fidelity]


def answers(model: Path | bytes, batches: Sequence[Batch]) -> Outputs:
    """Return a network's first output for each batch."""
    network = session(model)
    return [network.run(None, batch)[0] for batch in batches]


def noise_like(batches: Sequence[Batch], seed: int = 0) -> list[Batch]:
    """Return inputs without any sense: noise of the same mean, variance, range, types and shapes.

    Floats are normal with each input's own mean and variance; integers are drawn evenly from its range.
    """
    rng = np.random.default_rng(seed)
    pooled = {name: np.concatenate([batch[name].ravel() for batch in batches]) for name in batches[0]}

    def noise(name: str, array: Array) -> Array:
        every = pooled[name]
        if array.dtype.kind == "f":
            return rng.normal(every.mean(), every.std(), array.shape).astype(array.dtype)
        return rng.integers(every.min(), every.max(), array.shape, array.dtype, endpoint=True)

    return [{name: noise(name, array) for name, array in batch.items()} for batch in batches]


def cosines(original: Array, other: Array) -> NDArray[np.float64]:
    """Return the cosine of the angle between each two rows, 0 where one is zero or not finite."""
    a, b = original.astype(np.float64), np.nan_to_num(other.astype(np.float64))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    found: NDArray[np.float64] = np.einsum("ij,ij->i", a, b) / np.where(norms > 0, norms, np.inf)
    return found


def divergence(original: Array, other: Array) -> float:
    """Return the mean KL divergence in nats of distributions along the last axis."""
    least = np.finfo(np.float32).tiny
    p, q = (np.maximum(np.nan_to_num(x.astype(np.float64)), least) for x in (original, other))
    return float((p * (np.log(p) - np.log(q))).sum(axis=-1).mean())

"""Fréchet distance between sets of images, on features of a classifier of ours.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule" (2017): the distance of two normal
distributions fitted to the features. Theirs are an Inception network's; with ours, figures compare with each
other and not with published ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reference_models.networks.gan import NOISE
from reference_models.training.tasks import Run

_BATCH = 250
SEEDS = (1, 2, 3, 4, 5)  # of what is reported; choices are made with others
_MADE = 2000  # by each seed

Moments = tuple[NDArray[np.float64], NDArray[np.float64]]


class Frechet:
    """Measures generators against one set of images.

    Parameters
    ----------
    features
        From float32 images (N, 3, 32, 32) in -1..1 to float32 features (N, F).
    real
        The images, of that kind, on the device where to measure.
    """

    def __init__(self, features: Callable[[Tensor], Tensor], real: Tensor) -> None:
        self._features = features
        self._device = real.device
        self._real = self._moments(real.split(_BATCH))

    def distances(self, run: Run, seeds: Sequence[int] = SEEDS) -> list[float]:
        """Return for every seed of the noise the distance of 2,000 images made from it."""
        return [self._distance(run, seed) for seed in seeds]

    def _distance(self, run: Run, seed: int) -> float:
        noise = torch.randn(_MADE, NOISE, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            made = [run(part.to(self._device)) for part in noise.split(_BATCH)]
        return frechet_distance(self._real, self._moments(made))

    def _moments(self, batches: Iterable[Tensor]) -> Moments:
        with torch.no_grad():
            features = torch.cat([self._features(batch) for batch in batches])
        return moments(features.double().cpu().numpy())


def moments(features: NDArray[np.float64]) -> Moments:
    """Return mean, float64 (F,), and covariance, float64 (F, F), of features (N, F)."""
    return features.mean(axis=0), np.cov(features, rowvar=False)


def frechet_distance(one: Moments, other: Moments) -> float:
    """Return |m1 - m2|^2 + trace(C1 + C2 - 2 (C1 C2)^(1/2)), at least 0."""
    root = _square_root(one[1])
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other[1] @ root), 0)).sum()
    spread = np.trace(one[1]) + np.trace(other[1]) - 2 * cross
    return max(0.0, float(((one[0] - other[0]) ** 2).sum() + spread))


def _square_root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)

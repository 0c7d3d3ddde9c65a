"""Features of images, from classifiers of this project: what generated images are measured with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from reference_models.digits.network import digits_network
from reference_models.networks.residual_cnn import ResidualCnn
from reference_models.networks.weights import load_weights

_ROOT = Path(__file__).resolve().parents[2]
DIGITS = _ROOT / "codec" / "nntc" / "demo" / "digits.nntc"
CIFAR10 = _ROOT / "reference_models" / "trained" / "images.cnn.nntc"
N = TypeVar("N", bound=nn.Module)

CIFAR10_DIVISOR = 4  # of that network's widths


class DigitsFeatures(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """The 64 features on which the demo's network decides; images (N, 3, 32, 32) in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self._layers = _trained(digits_network, DIGITS)[:-1]

    def forward(self, images: Tensor) -> Tensor:
        """Return float32 (N, 64)."""
        grey = nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), 4)
        return self._layers((grey + 1) / 2)


class Cifar10Features(nn.Module):  # type: ignore[misc]  # as above
    """What the trained residual CNN's dense layer sees; images (N, 3, 32, 32) in -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self._network = _trained(lambda: ResidualCnn(CIFAR10_DIVISOR, small=True), CIFAR10)

    def forward(self, images: Tensor) -> Tensor:
        """Return float32 (N, 230)."""
        with torch.no_grad():
            return self._network.features(images)


def _trained(build: Callable[[], N], weights: Path) -> N:
    """Build a network with trained weights; drawing those it has at first leaves the generator as it was."""
    with torch.random.fork_rng():
        network = build()
    load_weights(network, weights)
    network.eval()
    return network

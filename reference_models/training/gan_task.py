"""Making images: a generator against a discriminator (Young et al., table IV).

Goodfellow et al., "Generative Adversarial Nets" (2014), with the generator's loss that does not saturate.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from reference_models.networks.gan import NOISE, discriminator, generator
from reference_models.training.frechet import Frechet
from reference_models.training.tasks import Run, Signature, pixels

_FORMAT = torch.channels_last  # a quarter faster
_REAL = 0.9  # smoothed label: a discriminator that is never certain keeps teaching


class GanTask:
    """Trains both networks and measures the generator's Fréchet distance.

    Parameters
    ----------
    images
        uint8 (N, 3, 32, 32), on the device where to train.
    frechet
        Measure of generated images.
    """

    def __init__(self, images: Tensor, frechet: Frechet) -> None:
        device = images.device
        self.networks: dict[str, nn.Module] = {
            "generator": generator().to(device, memory_format=_FORMAT),
            "discriminator": discriminator().to(device, memory_format=_FORMAT),
        }
        self._images = images.to(memory_format=_FORMAT)
        self._frechet = frechet
        self.signatures = {
            "generator": Signature(torch.zeros(1, NOISE, device=device), "noise", "image"),
            "discriminator": Signature(torch.zeros(1, 3, 32, 32, device=device), "image", "logit"),
        }
        self.examples = len(images)

    def inputs(self, chosen: Tensor) -> Tensor:
        """Return noise, as many as there are examples."""
        return torch.randn(len(chosen), NOISE, device=self._images.device)

    def losses(self, chosen: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield the discriminator's loss on real and generated images, then the generator's."""
        network, judge = self.networks["generator"], self.networks["discriminator"]
        real = pixels(self._images[chosen])
        made = network(self.inputs(chosen))
        yield "discriminator", _loss(judge(real), _REAL) + _loss(judge(made.detach()), 0.0)
        yield "generator", _loss(judge(made), 1.0)

    def measure(self, run: Run) -> dict[str, float]:
        """Return the Fréchet distance of generated images from those trained on, over several seeds."""
        distances = self._frechet.distances(run)
        return {"frechet": statistics.mean(distances), "frechet deviation": statistics.stdev(distances)}


def _loss(logits: Tensor, truth: float) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))

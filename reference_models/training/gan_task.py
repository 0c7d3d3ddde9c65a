"""Making images: a generator against a discriminator (Young et al., table IV).

Goodfellow et al., "Generative Adversarial Nets" (2014), with the generator's loss that does not saturate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from reference_models.data.images import ImageSplit
from reference_models.networks.gan import NOISE, discriminator, generator
from reference_models.training.frechet import Frechet
from reference_models.training.tasks import Run, Signature, pixels

_FORMAT = torch.channels_last  # a quarter faster
_REAL = 0.9  # smoothed label: a discriminator that is never certain keeps teaching


class GanTask:
    """Trains both networks and measures the generator's Fréchet distance.

    Parameters
    ----------
    data
        Images; classes are not used.
    device
        Where to train.
    classes
        Which images; all if empty.
    frechet
        Measure of generated images; without it none is taken.
    """

    def __init__(
        self, data: ImageSplit, device: torch.device, classes: Sequence[int], frechet: Frechet | None
    ) -> None:
        self.networks: dict[str, nn.Module] = {
            "generator": generator().to(device, memory_format=_FORMAT),
            "discriminator": discriminator().to(device, memory_format=_FORMAT),
        }
        images, labels = data.training
        wanted = np.isin(labels, classes) if classes else slice(None)
        self._images = torch.from_numpy(images[wanted]).to(device, memory_format=_FORMAT)
        self._frechet = frechet
        self.signatures = {
            "generator": Signature(torch.zeros(1, NOISE, device=device), "noise", "image"),
            "discriminator": Signature(torch.zeros(1, 3, 32, 32, device=device), "image", "logit"),
        }
        self.examples = len(self._images)

    def losses(self, chosen: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield the discriminator's loss on real and generated images, then the generator's."""
        network, judge = self.networks["generator"], self.networks["discriminator"]
        real = pixels(self._images[chosen])
        made = network(torch.randn(len(real), NOISE, device=real.device))
        yield "discriminator", _loss(judge(real), _REAL) + _loss(judge(made.detach()), 0.0)
        yield "generator", _loss(judge(made), 1.0)

    def measure(self, run: Run) -> dict[str, float]:
        """Return the Fréchet distance of generated images from the test images."""
        return {} if self._frechet is None else {"frechet": self._frechet.distance(run)}


def _loss(logits: Tensor, truth: float) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))

"""Telling what an image shows (Young et al., table II)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from reference_models.data.images import ImageSplit
from reference_models.networks.residual_cnn import ResidualCnn
from reference_models.training.tasks import Run, Signature, pixels

_BATCH = 250  # of measurements
_PADDING = 4  # an image is moved by up to this


class ImageTask:
    """Trains the residual CNN and measures its accuracy.

    Parameters
    ----------
    data
        Images and classes.
    device
        Where to train.
    divisor
        Makes the network so many times narrower.
    """

    def __init__(self, data: ImageSplit, device: torch.device, divisor: int) -> None:
        network = ResidualCnn(divisor, small=True).to(device, memory_format=torch.channels_last)
        self.networks: dict[str, nn.Module] = {"cnn": network}
        self._images, self._labels = (torch.from_numpy(each).to(device) for each in data.training)
        self._test = tuple(torch.from_numpy(each).to(device) for each in data.test)
        self.signatures = {"cnn": Signature(pixels(self._test[0][:1]), "image", "logits")}
        self.examples = len(self._images)

    def losses(self, chosen: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield the cross-entropy of images moved and mirrored at random."""
        images = pixels(augment(self._images[chosen]))
        yield "cnn", nn.functional.cross_entropy(self.networks["cnn"](images), self._labels[chosen].long())

    def measure(self, run: Run) -> dict[str, float]:
        """Return the share of test images whose class is told rightly."""
        images, labels = self._test
        right = 0
        with torch.no_grad():
            for some, truth in zip(images.split(_BATCH), labels.split(_BATCH), strict=True):
                right += int((run(pixels(some)).argmax(dim=1) == truth).sum())
        return {"accuracy": right / len(images)}


def augment(images: Tensor) -> Tensor:
    """Move each image, uint8 (N, 3, H, W), by up to 4 pixels either way, black coming in; mirror half."""
    count, _, height, width = images.shape
    padded = nn.functional.pad(images, [_PADDING] * 4)
    top, left = torch.randint(2 * _PADDING + 1, (2, count, 1), device=images.device)
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.arange(width, device=images.device)
    mirrored = torch.rand(count, 1, device=images.device) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    each = torch.arange(count, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[each, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)

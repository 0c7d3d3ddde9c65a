"""SqueezeNet 1.1: 1,235,496 parameters, 224x224 images to 1,000 classes.

Iandola et al., "SqueezeNet" (2016); version 1.1 is the authors' later one with less to compute. Modules have
torchvision's names, so that its weights fit, and the order of the Caffe network, whose weights fit as well.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_CLASSES = 1000
_DROPOUT = 0.5


class _Fire(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """Squeeze to few channels by 1x1, then expand by 1x1 and 3x3 side by side."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        few = torch.relu(self.squeeze(features))
        return torch.cat([torch.relu(self.expand1x1(few)), torch.relu(self.expand3x3(few))], dim=1)


class SqueezeNet(nn.Module):  # type: ignore[misc]  # as above
    """Takes float32 images (N, 3, 224, 224) and gives logits (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, stride=2),
            nn.ReLU(),
            _pool(),
            _Fire(64, 16, 64),
            _Fire(128, 16, 64),
            _pool(),
            _Fire(128, 32, 128),
            _Fire(256, 32, 128),
            _pool(),
            _Fire(256, 48, 192),
            _Fire(384, 48, 192),
            _Fire(384, 64, 256),
            _Fire(512, 64, 256),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(_DROPOUT),
            nn.Conv2d(512, _CLASSES, 1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        return self.classifier(self.features(images))


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)

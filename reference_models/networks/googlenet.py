"""GoogLeNet as BVLC trained it in Caffe: 6,998,552 parameters, 224x224 images to 1,000 classes.

Szegedy et al., "Going Deeper with Convolutions" (2014), table 1: local response normalization, no batch
normalization, without the two classifiers that only help training. (torchvision's network of that name has
batch normalization instead, and 3x3 kernels for 5x5: its weights do not fit.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_CLASSES = 1000
_DROPOUT = 0.4

# Channels of 1x1; 3x3 reduction and 3x3; 5x5 reduction and 5x5; projection of the pool (table 1).
_INCEPTIONS = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}


class _Inception(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """Four branches side by side, their channels one after the other."""

    def __init__(
        self, inputs: int, ones: int, reduce3: int, threes: int, reduce5: int, fives: int, pooled: int
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                _convolution(inputs, ones, 1),
                nn.Sequential(_convolution(inputs, reduce3, 1), _convolution(reduce3, threes, 3)),
                nn.Sequential(_convolution(inputs, reduce5, 1), _convolution(reduce5, fives, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), _convolution(inputs, pooled, 1)),
            ]
        )

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([branch(features) for branch in self.branches], dim=1)


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2), nn.ReLU())


def _pool() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def _normalization() -> nn.LocalResponseNorm:
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)


def googlenet() -> nn.Sequential:
    """Build the network: float32 images (N, 3, 224, 224), BGR less the mean, to logits (N, 1000)."""
    inceptions = {name: _Inception(*channels) for name, channels in _INCEPTIONS.items()}
    return nn.Sequential(
        _convolution(3, 64, 7, stride=2),
        _pool(),
        _normalization(),
        _convolution(64, 64, 1),
        _convolution(64, 192, 3),
        _normalization(),
        _pool(),
        *(inceptions[name] for name in ("3a", "3b")),
        _pool(),
        *(inceptions[name] for name in ("4a", "4b", "4c", "4d", "4e")),
        _pool(),
        *(inceptions[name] for name in ("5a", "5b")),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(_DROPOUT),
        nn.Linear(1024, _CLASSES),
    )

"""ResNet50: 25,557,032 parameters, 224x224 images to 1,000 classes.

He et al., "Deep Residual Learning for Image Recognition" (arXiv:1512.03385), table 1. A block's stride is
that of its 3x3 convolution, as in torchvision, whose names the modules have, so that its weights fit; in the
paper and in Keras it is the first convolution's, which changes no parameter's shape.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

_CLASSES = 1000
_EXPANSION = 4
_BLOCKS = {64: 3, 128: 4, 256: 6, 512: 3}  # width: blocks


class _Bottleneck(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """1x1 down, 3x3, 1x1 up, around which the input goes."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = width * _EXPANSION
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = (
            nn.Identity()
            if inputs == outputs
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, features: Tensor) -> Tensor:
        branch = torch.relu(self.bn1(self.conv1(features)))
        branch = torch.relu(self.bn2(self.conv2(branch)))
        return torch.relu(self.bn3(self.conv3(branch)) + self.downsample(features))


class ResNet50(nn.Module):  # type: ignore[misc]  # as above
    """Takes float32 images (N, 3, 224, 224) and gives logits (N, 1000)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for number, (width, blocks) in enumerate(_BLOCKS.items(), 1):
            layer = nn.Sequential()
            for block in range(blocks):
                layer.append(_Bottleneck(inputs, width, 2 if block == 0 and number > 1 else 1))
                inputs = width * _EXPANSION
            self.add_module(f"layer{number}", layer)
        self.fc = nn.Linear(inputs, _CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        features = self.maxpool(torch.relu(self.bn1(self.conv1(images))))
        for number in range(1, len(_BLOCKS) + 1):
            features = self.get_submodule(f"layer{number}")(features)
        return cast("Tensor", self.fc(features.mean(dim=(2, 3))))

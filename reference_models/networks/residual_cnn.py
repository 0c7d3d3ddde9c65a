"""The residual CNN of Young et al.: 12 layers, 15,634,994 parameters, RGB images of 227x227 to ten classes.

    image 3x227x227 ─► 7x7 /2, 88 ─► max-pool /2 ─► residual 88 ─► residual 112 /2 ─► residual 240 /2
                    ─► residual 440 /2 ─► residual 920 ─► mean over the image ─► dense 10

The paper ("Implications of Deep Compression with Complex Neural Networks", 2023) gives input, classes, the
number of layers and of parameters, and that there are residual connections. This is a residual network in
the manner of He et al. 2016 (arXiv:1512.03385): a convolution, five blocks of two and a dense layer make 12
layers; where a block changes the number of channels, a 1x1 convolution does so beside it. Convolutions have
no biases, normalizations follow all of them. Widths that double (64, 128, 256, ...) miss the count, whatever
the kernel of the first layer and the way to count normalizations; those above were searched for among
multiples of eight, nearly doubling, and make exactly 15,634,994 trained parameters.

The mean over the image lets the network take other sizes; `small` leaves the pooling out, for 32x32.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

SIZE = 227
CLASSES = 10
WIDTHS = (88, 88, 112, 240, 440, 920)
_STRIDES = (1, 2, 2, 2, 1)


class _Block(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """Two 3x3 convolutions around which the input goes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 3, stride)
        self.second = _convolution(outputs, outputs, 3)
        self.around = nn.Identity() if inputs == outputs else _convolution(inputs, outputs, 1, stride)

    def forward(self, features: Tensor) -> Tensor:
        branch = self.second(torch.relu(self.first(features)))
        return torch.relu(branch + self.around(features))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class ResidualCnn(nn.Module):  # type: ignore[misc]  # as above
    """Takes float32 images (N, 3, H, W) in -1..1 and gives logits, float32 (N, 10).

    Parameters
    ----------
    divisor
        Makes all widths so many times smaller.
    small
        Whether images are 32x32.
    """

    def __init__(self, divisor: int = 1, small: bool = False) -> None:
        super().__init__()
        widths = [width // divisor for width in WIDTHS]
        self.stem = _convolution(3, widths[0], 7, stride=2)
        self.pool = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
        self.blocks = nn.Sequential(
            *(_Block(*sizes) for sizes in zip(widths[:-1], widths[1:], _STRIDES, strict=True))
        )
        self.dense = nn.Linear(widths[-1], CLASSES)

    def features(self, images: Tensor) -> Tensor:
        """Return what the dense layer sees, float32 (N, features)."""
        return cast("Tensor", self.blocks(self.pool(torch.relu(self.stem(images))))).mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        return cast("Tensor", self.dense(self.features(images)))

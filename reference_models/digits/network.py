"""The digits network: 8x8 grey images to ten logits, in PyTorch.

    image 1x8x8 ─► stem 3x3 ─► residual 32 ─► separable /2 ─► residual 64, separable residual 64
                             ─► separable /2 ─► residual 96, separable residual 96
                             ─► flatten 384 ─► dense 64 ─► dense 10

It has one of each kind of weight that a codec meets in convolutional networks: ordinary and depthwise
3x3 kernels, 1x1 kernels, dense matrices, biases, and batch normalizations that are not folded away.

Sources: residual blocks, He et al. 2016 (arXiv:1512.03385); depthwise-separable convolutions, Howard et
al. 2017 (arXiv:1704.04861); batch normalization, Ioffe and Szegedy 2015 (arXiv:1502.03167).
"""

from __future__ import annotations

from torch import Tensor, nn

CLASSES = 10
WIDTHS = (32, 64, 96)
HIDDEN = 64


class Residual(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """Add a branch of two layers to its input, then rectify.

    Both layers end in as many channels, rows and columns as the branch began with; the first has its own
    activation, the second has none.
    """

    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.activation = nn.ReLU()

    def forward(self, features: Tensor) -> Tensor:
        """Return relu(features + second(first(features))), float32 (N, C, H, W)."""
        return self.activation(features + self.second(self.first(features)))


def ordinary(inputs: int, outputs: int) -> nn.Sequential:
    """Build a 3x3 convolution and its normalization, without activation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
    )


def separable(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Build a depthwise 3x3 and a 1x1 convolution, each normalized, without final activation."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
    )


def activated(layer: nn.Sequential) -> nn.Sequential:
    """Append a ReLU to a layer."""
    return layer.append(nn.ReLU())


def digits_network() -> nn.Sequential:
    """Build the network with fresh weights from torch's global generator.

    It takes float32 (N, 1, 8, 8) in 0..1 and gives logits, float32 (N, 10).
    """
    narrow, middle, wide = WIDTHS
    return nn.Sequential(
        activated(ordinary(1, narrow)),
        Residual(activated(ordinary(narrow, narrow)), ordinary(narrow, narrow)),
        activated(separable(narrow, middle, stride=2)),
        Residual(activated(ordinary(middle, middle)), ordinary(middle, middle)),
        Residual(activated(separable(middle, middle)), separable(middle, middle)),
        activated(separable(middle, wide, stride=2)),
        Residual(activated(ordinary(wide, wide)), ordinary(wide, wide)),
        Residual(activated(separable(wide, wide)), separable(wide, wide)),
        nn.Flatten(),
        nn.Linear(wide * 2 * 2, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, CLASSES),
    )

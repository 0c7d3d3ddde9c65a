"""AlexNet: 227x227 images to 1,000 classes, 60,965,224 parameters.

Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks" (2012), as Caffe's
reference has it: the second, fourth and fifth convolution in two groups, local response normalization.
torchvision's AlexNet is the one of Krizhevsky's "One weird trick" (2014), narrower and without either:
61,100,840 parameters. `towers` chooses; modules have torchvision's names, so that its weights fit the latter.
"""

from __future__ import annotations

from torch import Tensor, nn

_CLASSES = 1000
_DROPOUT = 0.5
_HIDDEN = 4096


class AlexNet(nn.Module):  # type: ignore[misc]  # torch is an extra, so mypy never sees its types
    """Takes float32 images (N, 3, 227, 227), or 224 without towers, and gives logits (N, 1000).

    Parameters
    ----------
    towers
        Whether this is the network of 2012, or that of 2014.
    """

    def __init__(self, towers: bool = True) -> None:
        super().__init__()
        widths = (96, 256, 384, 384, 256) if towers else (64, 192, 384, 256, 256)
        groups = 2 if towers else 1
        first, second, third, fourth, fifth = widths
        self.features = nn.Sequential(
            nn.Conv2d(3, first, 11, stride=4, padding=0 if towers else 2),
            nn.ReLU(),
            _pool(towers),
            nn.Conv2d(first, second, 5, padding=2, groups=groups),
            nn.ReLU(),
            _pool(towers),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(third, fourth, 3, padding=1, groups=groups),
            nn.ReLU(),
            nn.Conv2d(fourth, fifth, 3, padding=1, groups=groups),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(_DROPOUT),
            nn.Linear(fifth * 6 * 6, _HIDDEN),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(_HIDDEN, _HIDDEN),
            nn.ReLU(),
            nn.Linear(_HIDDEN, _CLASSES),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits."""
        return self.classifier(self.features(images).flatten(1))


def _pool(normalized: bool) -> nn.Module:
    """Build a pool, where wanted with the normalization after it, as Caffe's reference has them."""
    pool = nn.MaxPool2d(3, stride=2)
    return nn.Sequential(pool, nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)) if normalized else pool

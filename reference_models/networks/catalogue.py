"""The networks at their published sizes, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from reference_models.networks.alexnet import AlexNet
from reference_models.networks.gan import NOISE, discriminator, generator
from reference_models.networks.googlenet import googlenet
from reference_models.networks.residual_cnn import ResidualCnn
from reference_models.networks.resnet50 import ResNet50
from reference_models.networks.review_lstm import LENGTH, ReviewLstm
from reference_models.networks.squeezenet import SqueezeNet
from reference_models.training.tasks import Signature


@dataclass(frozen=True, slots=True)
class Entry:
    """One network.

    Parameters
    ----------
    build
        Makes it with weights drawn from torch's global generator.
    parameters
        How many are trained.
    shape
        Of an input, without the batch.
    input, output
        Names in the ONNX file.
    words
        Whether inputs are int64 word numbers and not float32.
    """

    build: Callable[[], nn.Module]
    parameters: int
    shape: tuple[int, ...]
    input: str = "image"
    output: str = "logits"
    words: bool = False

    def signature(self) -> Signature:
        """Return the network's input and output."""
        example = torch.zeros(1, *self.shape, dtype=torch.int64 if self.words else torch.float32)
        return Signature(example, self.input, self.output)


CATALOGUE = {
    "residual-cnn": Entry(ResidualCnn, 15_634_994, (3, 227, 227)),
    "review-lstm": Entry(ReviewLstm, 2_691_713, (LENGTH,), input="words", words=True),
    "gan-generator": Entry(generator, 1_466_115, (NOISE,), "noise", "image"),
    "gan-discriminator": Entry(discriminator, 522_497, (3, 32, 32), output="logit"),
    "googlenet": Entry(googlenet, 6_998_552, (3, 224, 224)),
    "resnet50": Entry(ResNet50, 25_557_032, (3, 224, 224)),
    "alexnet": Entry(AlexNet, 60_965_224, (3, 227, 227)),
    "alexnet-one-tower": Entry(lambda: AlexNet(towers=False), 61_100_840, (3, 224, 224)),
    "squeezenet1.1": Entry(SqueezeNet, 1_235_496, (3, 224, 224)),
}

"""The GAN of Young et al.: a generator of 32x32 colour images and the discriminator that teaches it.

    noise 100 ─► dense 4x4x256 ─► transposed 4x4 /2, three times 128 ─► transposed 3x3 ─► tanh, image 3x32x32
    image 3x32x32 ─► 3x3, 64 ─► 3x3 /2, 128 ─► 3x3 /2, 128 ─► 3x3 /2, 256 ─► dense 1

The paper ("Implications of Deep Compression with Complex Neural Networks", 2023) gives the dense layer of
4x4x256, the number of convolutions and 1,988,612 parameters. It leaves open the noise, widths and kernels;
those above, which DCGANs for CIFAR-10 often have, make 1,466,115 for the generator and 522,497 for the
discriminator, together exactly the count.
"""

from __future__ import annotations

from torch import nn

NOISE = 100
_SLOPE = 0.2
_DROPOUT = 0.4


def generator() -> nn.Sequential:
    """Build the generator: float32 noise (N, 100), standard normal, to images (N, 3, 32, 32) in -1..1."""
    return nn.Sequential(
        nn.Linear(NOISE, 256 * 4 * 4),
        nn.LeakyReLU(_SLOPE),
        nn.Unflatten(1, (256, 4, 4)),
        nn.ConvTranspose2d(256, 128, 4, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.ConvTranspose2d(128, 128, 4, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.ConvTranspose2d(128, 128, 4, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.ConvTranspose2d(128, 3, 3, padding=1),
        nn.Tanh(),
    )


def discriminator() -> nn.Sequential:
    """Build the discriminator: images (N, 3, 32, 32) in -1..1 to logits (N, 1), positive for real ones."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 3, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(64, 128, 3, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(128, 128, 3, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(128, 256, 3, stride=2, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Flatten(),
        nn.Dropout(_DROPOUT),
        nn.Linear(256 * 4 * 4, 1),
    )

"""The handwritten digits of the demo's network, as images of CIFAR-10's size.

8x8 pixels become 32x32 by linear interpolation, all three colours alike. For a GAN where time is short:
shapes that a look tells right from wrong. Where they come from is in `reference_models/digits/README.md`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from reference_models.data.images import SIZE, ImageSplit, LabelledImages
from reference_models.digits.data import WHITE, Labelled, read_split


def read_digits() -> ImageSplit:
    """Read both parts; needs scikit-learn, which ships them."""
    training, test = read_split()
    return ImageSplit(_part(training), _part(test))


def _part(digits: Labelled) -> LabelledImages:
    return LabelledImages(enlarge(digits.images), digits.labels)


def enlarge(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn uint8 (N, 8, 8) in 0..16 into uint8 (N, 3, 32, 32) in 0..255."""
    factor = SIZE // images.shape[1]
    grey = images.astype(np.float64) * (255 / WHITE)
    large = ndimage.zoom(grey, (1, factor, factor), order=1, mode="nearest", grid_mode=True)
    return np.repeat(np.rint(large).astype(np.uint8)[:, None], 3, axis=1)

"""The digits that scikit-learn ships, cut into a part to train on and a part held out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TRAINING_IMAGES = 1297
HELD_OUT_IMAGES = 500
WHITE = 16  # pixels of the data set count the ink in 4x4 cells: 0..16


class Labelled(NamedTuple):
    """Images, uint8 (N, 8, 8) in 0..16, and their labels, uint8 (N,) in 0..9."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


def read_split() -> tuple[Labelled, Labelled]:
    """Read the data set and cut it in its own order: 1,297 images to train on, the last 500 held out.

    The order is kept because neighbours often come from one writer: a shuffled split would test on the
    hands it was trained on.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = digits.images.astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    if len(images) != TRAINING_IMAGES + HELD_OUT_IMAGES or not np.array_equal(images, digits.images):
        raise SystemExit("load_digits() is not the data set this recipe was written for")
    cut = TRAINING_IMAGES
    return Labelled(images[:cut], labels[:cut]), Labelled(images[cut:], labels[cut:])


def scale(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn uint8 (N, 8, 8) in 0..16 into the network's input, float32 (N, 1, 8, 8) in 0..1."""
    return images[:, np.newaxis].astype(np.float32) / np.float32(WHITE)

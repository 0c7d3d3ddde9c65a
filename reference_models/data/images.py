"""Images with their classes, whatever file they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SIZE = 32
CLASSES = 10


class LabelledImages(NamedTuple):
    """Images, uint8 (N, 3, 32, 32), and their classes, uint8 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def only(self, classes: Sequence[int]) -> LabelledImages:
        """Return the images of some classes; all if none are named."""
        wanted = np.isin(self.labels, classes) if classes else np.ones(len(self.labels), bool)
        return LabelledImages(self.images[wanted], self.labels[wanted])


class ImageSplit(NamedTuple):
    """Images to train on, and others to measure with."""

    training: LabelledImages
    test: LabelledImages


def checked(images: NDArray[Any], labels: NDArray[Any]) -> LabelledImages:
    """Return them as LabelledImages, or raise ValueError."""
    if images.dtype != np.uint8 or images.shape[1:] != (3, SIZE, SIZE) or labels.shape != images.shape[:1]:
        raise ValueError(f"images {images.dtype} {images.shape}, labels {labels.shape}")
    if not np.isin(labels, np.arange(CLASSES)).all():
        raise ValueError(f"there are labels outside 0..{CLASSES - 1}")
    return LabelledImages(np.ascontiguousarray(images), labels.astype(np.uint8))

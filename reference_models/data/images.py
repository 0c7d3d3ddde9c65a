"""Images with their classes, whatever file they come from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SIZE = 32


class LabelledImages(NamedTuple):
    """Images, uint8 (N, 3, 32, 32), and their classes, uint8 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


class ImageSplit(NamedTuple):
    """Images to train on, and others to measure with."""

    training: LabelledImages
    test: LabelledImages

"""CIFAR-10 as mosaics: few large pictures, each many images in rows.

`train_0.jpg`, `train_1.jpg`, ... and `test.jpg` hold images of 32x32 pixels side by side and row by row;
`train_labels.npy` and `test_labels.npy` their classes in the same order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reference_models.data.images import SIZE, ImageSplit, LabelledImages, checked


def read_mosaics(folder: Path) -> ImageSplit:
    """Read both parts.

    Raises
    ------
    OSError, ValueError
        Whatever is wrong with the files.
    """
    numbered = sorted(folder.glob("train_*.jpg"), key=lambda path: int(path.stem.removeprefix("train_")))
    return ImageSplit(
        _read_part(numbered, folder / "train_labels.npy"),
        _read_part([folder / "test.jpg"], folder / "test_labels.npy"),
    )


def _read_part(pictures: list[Path], labels: Path) -> LabelledImages:
    images = np.concatenate([cut(_read_picture(path)) for path in pictures])
    return checked(images, np.load(labels, allow_pickle=False))


def _read_picture(path: Path) -> NDArray[np.uint8]:
    """Return the pixels, uint8 (height, width, 3)."""
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def cut(mosaic: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a mosaic, uint8 (rows*32, columns*32, 3), into images, uint8 (rows*columns, 3, 32, 32)."""
    height, width, _ = mosaic.shape
    if height % SIZE or width % SIZE:
        raise ValueError(f"a mosaic of {width}x{height} pixels is not made of images of {SIZE}x{SIZE}")
    tiles = mosaic.reshape(height // SIZE, SIZE, width // SIZE, SIZE, 3)
    return np.ascontiguousarray(tiles.transpose(0, 2, 4, 1, 3)).reshape(-1, 3, SIZE, SIZE)

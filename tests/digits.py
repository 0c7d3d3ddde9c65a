"""The demo's network and its images, as files for the encoder and for measuring."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import nntc
import numpy as np
from nntc.demo.run import read_images
from numpy.typing import NDArray

Array = NDArray[Any]
INPUT = "image"


def write_network(folder: Path) -> Path:
    """Write the network that reads digits, and return its path."""
    path = folder / "digits.onnx"
    nntc.decode(str(files("nntc.demo") / "digits.nntc"), path)
    return path


def images(count: int = 500) -> tuple[Array, Array]:
    """Return images, float32 [count, 1, 8, 8], and their labels, int64 [count]."""
    inputs, labels = read_images(Path(str(files("nntc.demo") / "digits.npz")))
    return inputs[:count], labels[:count]


def write_samples(path: Path, count: int = 500, *, labelled: bool = True) -> Path:
    """Write images and perhaps labels as an `.npz` file, and return its path."""
    values, labels = images(count)
    save(path, {INPUT: values, "labels": labels} if labelled else {INPUT: values})
    return path


def save(path: Path, arrays: dict[str, Any]) -> None:
    """Write an `.npz` file."""
    np.savez(path, **arrays)

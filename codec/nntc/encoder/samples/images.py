"""Images as inputs: decoded, resized, cropped, and turned into the numbers that a model takes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nntc.encoder.samples.files import check_regular
from nntc.encoder.samples.inputs import ModelInput
from nntc.encoder.samples.preprocess import Preprocess
from nntc.encoder.samples.samples import Array
from nntc.errors import SamplesError

SUFFIXES = (".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "La", "RGBa")
"""Modes of Pillow with eight bits or fewer for each channel."""
_CHANNELS = (1, 3)


@dataclass(frozen=True, slots=True)
class Form:
    """What an input wants of an image.

    Parameters
    ----------
    batch
        Images that it takes at once.
    layout, order, height, width
        As in `Preprocess`, none of them None.
    """

    entry: ModelInput
    batch: int
    layout: str
    order: str
    height: int
    width: int


def form_of(entry: ModelInput, how: Preprocess) -> Form:
    """Return what an input wants of an image; E_SAMPLES where it wants none, or does not say what."""
    shape = entry.shape or (None,) * 4
    if len(shape) != 4:
        raise SamplesError(f"the model takes {entry}, which is no batch of images")
    layout = how.layout or _layout(shape, entry)
    channels, height, width = shape[1:] if layout == "nchw" else (shape[3], shape[1], shape[2])
    order = how.order or ("gray" if channels == 1 else "rgb")
    wanted = 1 if order == "gray" else 3
    if channels not in (None, wanted):
        raise SamplesError(f"the model takes {entry}, not {layout} images of {wanted} channels ({order})")
    if max(len(how.mean), len(how.std)) > wanted:
        raise SamplesError(f"the model takes {entry}, one channel, but the preprocessing has three means")
    if how.size is not None:
        for own, size in zip((height, width), how.size, strict=True):
            if own not in (None, size):
                raise SamplesError(f"the model takes {entry}, not images of {how.size[0]} x {how.size[1]}")
        height, width = how.size
    if height is None or width is None:
        raise SamplesError(f"the model takes {entry}: name a size in the preprocessing, such as size=224")
    return Form(entry, shape[0] or 1, layout, order, height, width)


def _layout(shape: Sequence[int | None], entry: ModelInput) -> str:
    first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
    if first != last:
        return "nchw" if first else "nhwc"
    if first or None in (shape[1], shape[3]):
        raise SamplesError(f"the model takes {entry}: name layout=nchw or layout=nhwc in the preprocessing")
    raise SamplesError(f"the model takes {entry}, no images of one or three channels")


def read_image(file: Path, form: Form, how: Preprocess) -> Array:
    """Return an image as an input without its batch axis, of the model's type.

    Raises
    ------
    SamplesError
        E_SAMPLES: it cannot be read, has more than eight bits for each channel, or gives no whole numbers
        where the model takes integers.
    """
    pixels = np.asarray(_fitted(_open(file, "L" if form.order == "gray" else "RGB"), form, how))
    pixels = pixels.reshape(form.height, form.width, -1)
    if form.order == "bgr":
        pixels = pixels[:, :, ::-1]
    values = (pixels.astype(np.float64) * how.scale - np.array(how.mean)) / np.array(how.std)
    if form.layout == "nchw":
        values = values.transpose(2, 0, 1)
    dtype = form.entry.dtype or np.dtype(np.float32)
    array = np.ascontiguousarray(values, dtype)
    if dtype.kind != "f" and not np.array_equal(array, values):
        raise SamplesError(f"the model takes {form.entry}: whole numbers, which preprocessing 'raw' gives")
    return array


def _open(file: Path, mode: str) -> Any:
    """Return an image, turned as its file says, in a mode of Pillow."""
    image_module, operations = check_pillow()
    check_regular(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Pillow can read with a warning, it can read
            with image_module.open(file) as image:
                depth = image.mode
                turned = operations.exif_transpose(image).convert(mode)
    except MemoryError:
        raise
    except Exception as e:  # decoders raise errors of many types for damaged files
        reason = " ".join(str(e).replace(str(file), "it").split())
        raise SamplesError(f"{file.name} cannot be read as an image: {reason}") from e
    if depth not in _MODES:
        raise SamplesError(f"{file.name} has more than eight bits for each channel ({depth})")
    return turned


def _fitted(image: Any, form: Form, how: Preprocess) -> Any:
    """Return an image of the input's height and width."""
    image_module, _ = check_pillow()
    width, height = form.width, form.height
    if image.size == (width, height):
        return image
    filter_ = getattr(image_module.Resampling, how.interpolation.upper())
    if how.fit == "stretch":
        return image.resize((width, height), filter_)
    # The shorter side, in proportion to the input's, becomes as long as it is to be cropped from.
    scale = max(
        how.resized_to(min(width, height)) / min(width, height) * own / there
        for own, there in zip((width, height), image.size, strict=True)
    )
    large = [max(round(there * scale), own) for own, there in zip((width, height), image.size, strict=True)]
    image = image.resize(large, filter_)
    left, top = (large[0] - width) // 2, (large[1] - height) // 2
    return image.crop((left, top, left + width, top + height))


def check_pillow() -> tuple[Any, Any]:
    """Return the modules `PIL.Image` and `PIL.ImageOps`; ImportError without them."""
    try:
        from PIL import Image, ImageOps
    except ImportError as e:
        raise ImportError("images need Pillow: pip install 'nntc[images]'") from e
    return Image, ImageOps

"""Preprocessing of images: from pixels to the numbers that a network was trained on.

Inputs are (pixel * scale - mean) / std, channel by channel, of pixels from 0 to 255. The presets are those
that published networks were trained with:

=========  ======  =======================  =======================  =====================================
name       scale   mean                     std                      used by
=========  ======  =======================  =======================  =====================================
raw        1       0                        1                        networks that normalize by themselves
unit       1/255   0                        1                        YOLO, small networks
tf         1/255   0.5                      0.5                      Inception, MobileNet of Keras, ViT
imagenet   1/255   0.485, 0.456, 0.406      0.229, 0.224, 0.225      torchvision, timm, Keras's "torch"
caffe      1       104, 117, 123, BGR       1                        Caffe: AlexNet, GoogLeNet, SqueezeNet
clip       1/255   0.4815, 0.4578, 0.4082   0.2686, 0.2613, 0.2758   CLIP and its descendants, bicubic
cifar10    1/255   0.4914, 0.4822, 0.4465   0.2470, 0.2435, 0.2616   networks for CIFAR-10
mnist      1/255   0.1307                   0.3081                   networks for MNIST, grey
=========  ======  =======================  =======================  =====================================

`tf` is pixel / 127.5 - 1. An image is resized until its shorter side is 256/224 of the model's size (for
`clip` the size itself), and the centre is cropped to the size; one that has the size already is taken as it
is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

_LARGER = 256 / 224


@dataclass(frozen=True, slots=True)
class Preprocess:
    """How images become inputs.

    Parameters
    ----------
    scale
        Factor of pixels, which are 0 to 255.
    mean, std
        What is taken from them then, and what they are divided by; one number, or one for each channel in
        the order of `order`.
    order
        Colours: `rgb`, `bgr` or `gray`; None is gray for models of one channel and rgb for others.
    layout
        `nchw` or `nhwc`; None is what the model's input has 1 or 3 channels in.
    size
        Height and width of the input; None is the model's.
    resize
        Shorter side in pixels before the centre is cropped; None is 256/224 of the size, 0 the size itself.
    fit
        `crop`, or `stretch` to the size without regard to the proportions.
    interpolation
        `bilinear`, `bicubic`, `lanczos` or `nearest`.
    """

    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    order: str | None = None
    layout: str | None = None
    size: tuple[int, int] | None = None
    resize: int | None = None
    fit: str = "crop"
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        for name, known in _WORDS.items():
            value = getattr(self, name)
            if value not in known:
                raise ValueError(f"{name} is {', '.join(filter(None, known))}, not {value!r}")
        for name in ("mean", "std"):
            if len(getattr(self, name)) not in (1, 3):
                raise ValueError(f"{name} is one number, or three")
        if not self.scale or 0 in self.std:
            raise ValueError("scale and std cannot be 0")
        if self.size is not None and min(self.size) < 1:
            raise ValueError("size is at least 1")
        if self.resize is not None and self.resize < 0:
            raise ValueError("resize is at least 0")

    def resized_to(self, size: int) -> int:
        """Return the length in pixels that a side of `size` is cropped from."""
        if self.resize is not None:
            return max(self.resize, size)
        return round(size * _LARGER)

    @staticmethod
    def parse(text: str) -> Preprocess:
        """Return what a text such as `imagenet` or `imagenet,order=bgr,mean=0.5:0.5:0.5` says.

        A preset comes first, or what is not said is as for `unit`. Numbers for each channel are set apart by
        colons, as are height and width.

        Raises
        ------
        ValueError
            It says nothing of the kind.
        """
        first, *rest = (word.strip() for word in text.split(","))
        chosen: dict[str, Any] = {}
        if "=" in first:
            base, rest = Preprocess(), [first, *rest]
        elif first in PRESETS:
            base = PRESETS[first]
        else:
            raise ValueError(f"'{first}' is not one of {', '.join(PRESETS)}")
        for word in rest:
            name, equals, value = word.partition("=")
            if not equals or name not in _READ:
                raise ValueError(f"'{word}' is none of {', '.join(f'{key}=' for key in _READ)}")
            try:
                chosen[name] = _READ[name](value)
            except ValueError as e:
                raise ValueError(f"'{value}' is no {name}") from e
        return replace(base, **chosen)


def _number(text: str) -> float:
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except ZeroDivisionError as e:
        raise ValueError(text) from e


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(_number(part) for part in text.split(":"))


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.partition(":")
    return int(height), int(width or height)


_WORDS = {
    "order": (None, "rgb", "bgr", "gray"),
    "layout": (None, "nchw", "nhwc"),
    "fit": ("crop", "stretch"),
    "interpolation": ("bilinear", "bicubic", "lanczos", "nearest"),
}
_READ: dict[str, Callable[[str], Any]] = {
    "scale": _number,
    "mean": _numbers,
    "std": _numbers,
    "order": str,
    "layout": str,
    "size": _size,
    "resize": int,
    "fit": str,
    "interpolation": str,
}
_CLIP = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
PRESETS = MappingProxyType(
    {
        "raw": Preprocess(1.0),
        "unit": Preprocess(),
        "tf": Preprocess(mean=(0.5,), std=(0.5,)),
        "imagenet": Preprocess(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        "caffe": Preprocess(1.0, mean=(104.0, 117.0, 123.0), order="bgr"),
        "clip": Preprocess(mean=_CLIP[0], std=_CLIP[1], resize=0, interpolation="bicubic"),
        "cifar10": Preprocess(mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)),
        "mnist": Preprocess(mean=(0.1307,), std=(0.3081,), order="gray"),
    }
)
"""Preprocessings by name; see this module's description."""

"""The likely mistake in the preprocessing of images that a network contradicts.

What images look like tells how they were made from pixels; made from the same pixels in other ways, some fit
what the network stores about the scale of its inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from nntc.encoder.network.network import Network
from nntc.encoder.network.stored_scale import misfit
from nntc.encoder.samples import PRESETS, Array, Preprocess, Samples
from nntc.encoder.samples.summary import channel_axis

_OFF = 30.0
"""Of pixels from 0 to 255 in all: how far the least and the largest of images may be from these."""
_NEAR = 0.1
"""Ways that fit as well as the best, up to so much, are named too."""
_MOST_NAMED = 3
_IMAGENET = PRESETS["imagenet"]
_MADE: Mapping[str, Preprocess] = MappingProxyType(
    {
        "pixels of 0 to 255": PRESETS["raw"],
        "pixels of 0 to 1": PRESETS["unit"],
        "pixels of -1 to 1": PRESETS["tf"],
        "pixels less ImageNet's mean, by its deviation": _IMAGENET,
        "pixels less Caffe's mean": PRESETS["caffe"],
        "pixels divided by 255 twice": Preprocess(1 / 255**2),
        "ImageNet's mean and deviation applied to pixels of 0 to 255": Preprocess(
            1.0, mean=_IMAGENET.mean, std=_IMAGENET.std
        ),
    }
)


def likely_preprocess(network: Network, samples: Samples, jobs: int = 1) -> str:
    """Return what images that a network contradicts look like, and what would fit; to be added to the doubt.

    Parameters
    ----------
    network
        The network as it was given, normalizations not folded.
    samples
        Its inputs. Where they are no images, or like none that anybody makes, nothing is said.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    first = next(iter(samples))
    name = next(iter(first))
    arrays = [batch[name] for batch in samples]
    axis = channel_axis(arrays)
    if len(first) > 1 or axis is None or first[name].dtype.kind != "f":
        return ""
    made = {look: _pixels(arrays, way, axis) for look, way in _MADE.items() if _has(way, first[name], axis)}
    look = min(made, key=lambda look: _off(made[look]), default=None)
    if look is None or _off(made[look]) > _OFF:
        return ""
    distances = {}
    for preset, way in PRESETS.items():
        if _has(way, first[name], axis):
            inputs = [_inputs(pixels, way, axis).astype(first[name].dtype) for pixels in made[look]]
            found = misfit(network, Samples([{name: values} for values in inputs]), jobs)
            if not found.contradiction:
                distances[preset] = found.distance
    near = [preset for preset, distance in distances.items() if distance <= min(distances.values()) + _NEAR]
    fitting = f", and would fit as --preprocess {' or '.join(near[:_MOST_NAMED])} makes them" if near else ""
    return f"; they look like {look}{fitting}"


def _has(way: Preprocess, images: Array, axis: int) -> bool:
    """Return whether images have the channels of a preprocessing."""
    return images.shape[axis] in ((1,) if way.order == "gray" else (1, 3)[len(way.mean) == 3 :])


def _pixels(images: Sequence[Array], way: Preprocess, axis: int) -> list[Array]:
    """Return pixels, 0 to 255 and RGB, float64, that images would have been made from."""
    mean, std = (_by_channel(values, axis) for values in (way.mean, way.std))
    return [_turned((values.astype(np.float64) * std + mean) / way.scale, way, axis) for values in images]


def _inputs(pixels: Array, way: Preprocess, axis: int) -> Array:
    """Return what a preprocessing makes of pixels."""
    mean, std = (_by_channel(values, axis) for values in (way.mean, way.std))
    return (_turned(pixels, way, axis) * way.scale - mean) / std


def _turned(images: Array, way: Preprocess, axis: int) -> Array:
    return np.flip(images, axis) if way.order == "bgr" else images


def _by_channel(values: tuple[float, ...], axis: int) -> Array:
    return np.array(values).reshape([-1 if i == axis else 1 for i in range(4)])


def _off(pixels: Sequence[Array]) -> float:
    """Return how far the least and the largest of pixels are from 0 and 255."""
    least, most = min(values.min() for values in pixels), max(values.max() for values in pixels)
    return float(abs(least) + abs(most - 255))

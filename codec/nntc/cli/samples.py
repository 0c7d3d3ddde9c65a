"""Options that say where samples come from, and how images become inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nntc.cli.arguments import input_file
from nntc.cli.options import callback

T = TypeVar("T", bound=Callable[..., Any])

IMAGE_OPTIONS = ("preprocess", "labels", "images")
"""Names of the options."""

_HOW = """Folders of samples hold images, which become inputs so: imagenet, caffe, tf (-1 to 1), unit (0 to
1), raw (0 to 255), clip, cifar10 or mnist; changed or written out by scale=, mean=, std=, order=, layout=,
size=, resize=, fit= and interpolation=, such as imagenet,resize=232 or
scale=1/255,mean=0.5:0.4:0.4,order=bgr."""
_LABELS = """Class numbers of images to measure on, a line `name,number` for each.  [default: labels.csv in
the folder, or its sub-folders, one for each class]"""
_IMAGES = "Use N images of a folder, evenly chosen.  [default: up to 256 to calibrate, 1000 to measure]"


def _preprocess(value: str) -> str:
    """Return a preprocessing that says something; ValueError if it does not."""
    from nntc.encoder.samples.preprocess import Preprocess

    Preprocess.parse(value)
    return value


def image_options(command: T) -> T:
    """Add --preprocess, --labels and --images."""
    images = click.option("--images", type=click.IntRange(min=1), metavar="N", help=_IMAGES)
    labels = click.option("--labels", callback=callback(input_file), metavar="FILE.csv", help=_LABELS)
    preprocess = click.option("--preprocess", callback=callback(_preprocess), metavar="HOW", help=_HOW)
    return preprocess(labels(images(command)))


def sample_sources(
    calibration: Path | None,
    evaluation: Path | None,
    *,
    preprocess: str | None,
    labels: Path | None,
    images: int | None,
) -> dict[str, Any]:
    """Return what `nntc.encode` takes as `calibration` and `evaluation`; UsageError for what does not fit.

    Parameters
    ----------
    calibration, evaluation
        Files or folders; folders hold images if there is a preprocessing.
    preprocess, labels, images
        The options.
    """
    from nntc.encoder.samples import ImageFolder

    sources: dict[str, Any] = {"calibration": calibration, "evaluation": evaluation}
    if preprocess is None:
        if labels is not None or images is not None:
            raise click.UsageError("--labels and --images are for folders of images, with --preprocess.")
        return sources
    folders = [name for name, path in sources.items() if path is not None and path.is_dir()]
    if not folders:
        raise click.UsageError("--preprocess is for samples that are a folder of images.")
    if labels is not None and "evaluation" not in folders:
        raise click.UsageError("--labels is for --evaluation with a folder of images.")
    for name in folders:
        own = labels if name == "evaluation" else None
        sources[name] = ImageFolder(sources[name], preprocess, own, images)
    return sources

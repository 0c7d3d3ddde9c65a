"""Cost of compression for an image classifier: outputs of a compressed network against the original's.

The data folder holds `models/NETWORK.onnx`, and in `imagenet/` the splits `calibration` and `evaluation`:
each a folder of JPEGs of 224 x 224 pixels and a CSV file (file, class_index). Calibrate on the first, measure
on the second.

    python -m benchmarks.imagenet NETWORK --data DIR            accuracy of the original
    python -m benchmarks.imagenet NETWORK --data DIR FILE...    and of compressed versions of it
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime
from nntc.encoder.samples import Samples
from numpy.typing import NDArray
from PIL import Image

from . import arguments

Preprocessing = Literal["caffe", "torch"]
SplitName = Literal["calibration", "evaluation"]
Images = NDArray[np.uint8]
Outputs = NDArray[np.float32]
LogProbabilities = NDArray[np.float64]

PREPROCESSING: dict[str, Preprocessing] = {
    "squeezenet1.1": "caffe",
    "squeezenet1.1_fp16init": "caffe",
    "googlenet": "caffe",
    "mobilenetv2": "torch",
}
CACHE = Path(__file__).parent / "out"
BATCH = 8


@dataclass(frozen=True)
class Split:
    """Images, RGB, shape (count, 224, 224, 3), and their class indices, shape (count,)."""

    images: Images
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Metrics:
    """Outputs of a network compared with those of its original over `images` images.

    Attributes:
        images: number of images.
        kl: mean Kullback-Leibler divergence KL(original || this) of the output distributions, in nats.
        top1: share of images whose class is the most probable one.
        top5: share of images whose class is among the five most probable ones.
        agreement: share of images where the most probable class is the original's.

    """

    images: int
    kl: float
    top1: float
    top5: float
    agreement: float


def load_split(data: Path, split: SplitName, count: int | None = None) -> Split:
    """Read the first `count` images (all by default) of a split and their labels."""
    folder = data / "imagenet"
    with (folder / f"{split}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:count]
    images = np.empty((len(rows), 224, 224, 3), np.uint8)
    for image, row in zip(images, rows, strict=True):
        with Image.open(folder / split / row["file"]) as jpeg:
            image[:] = np.asarray(jpeg.convert("RGB"))
    return Split(images, np.array([int(row["class_index"]) for row in rows], np.int64))


def preprocess(images: Images, style: Preprocessing) -> NDArray[np.float32]:
    """Turn RGB images (count, height, width, 3) into a network's input (count, 3, height, width), float32."""
    if style == "caffe":
        planes = images[..., ::-1].astype(np.float32) - np.array([104, 117, 123], np.float32)
    else:
        mean, deviation = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], np.float32)
        planes = (images.astype(np.float32) / 255 - mean) / deviation
    return np.ascontiguousarray(planes.transpose(0, 3, 1, 2))


def calibration_samples(
    network: str, data: Path, count: int | None = None, *, noise: bool = False
) -> Samples:
    """Return calibration images as samples of a network's input.

    Args:
        network: its name.
        data: the data folder.
        count: how many, all by default; where there are fewer, mirrored ones follow.
        noise: noise of the images' mean and variance instead of them.

    """
    images = load_split(data, "calibration").images
    images = np.concatenate([images, images[:, :, ::-1]])[: count or len(images)]
    planes = preprocess(images, PREPROCESSING[network])
    if noise:
        draw = np.random.default_rng(0).standard_normal(planes.shape, np.float32)
        planes = planes.mean() + planes.std() * draw
    graph = onnx.load(data / "models" / f"{network}.onnx", load_external_data=False).graph
    return Samples([{graph.input[0].name: image[None]} for image in planes])


def session(model: Path | bytes) -> onnxruntime.InferenceSession:
    """Open a model on one CPU thread; a model with external data must be a path."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def run(model: Path | bytes, images: Images, style: Preprocessing) -> Outputs:
    """Return the first output of a network for every image, shape (count, classes)."""
    network = session(model)
    name = network.get_inputs()[0].name

    def outputs() -> Iterator[Outputs]:
        for start in range(0, len(images), BATCH):
            batch = preprocess(images[start : start + BATCH], style)
            yield network.run(None, {name: batch})[0].reshape(len(batch), -1)

    return np.concatenate(list(outputs()))


def ends_in_softmax(model: Path) -> bool:
    """Tell whether a network's first output comes from a Softmax node: probabilities, not logits."""
    graph = onnx.load(model, load_external_data=False).graph
    producer = {output: node.op_type for node in graph.node for output in node.output}
    return producer.get(graph.output[0].name) == "Softmax"


def log_probabilities(outputs: Outputs, are_probabilities: bool) -> LogProbabilities:
    """Return natural logarithms of class probabilities, shape (count, classes)."""
    values = outputs.astype(np.float64)
    if are_probabilities:
        values = np.log(np.maximum(values, np.finfo(np.float64).tiny))
    with np.errstate(invalid="ignore"):  # outputs that are not finite stay so; `compare` counts them
        values -= values.max(axis=1, keepdims=True)
        values -= np.log(np.exp(values).sum(axis=1, keepdims=True))
    return values


def compare(original: LogProbabilities, other: LogProbabilities, labels: NDArray[np.int64]) -> Metrics:
    """Compare output distributions, both (count, classes), of the same images.

    An output that is not finite counts as the uniform distribution and a wrong answer.
    """
    broken = np.flatnonzero(~np.isfinite(other).all(axis=1))
    distribution = other.copy()
    distribution[broken] = -np.log(other.shape[1])
    divergence = (np.exp(original) * (original - distribution)).sum(axis=1)
    ranked = np.argsort(-distribution, axis=1, kind="stable")[:, :5]
    ranked[broken] = -1
    return Metrics(
        images=len(labels),
        kl=float(divergence.mean()),
        top1=float(np.mean(ranked[:, 0] == labels)),
        top5=float(np.mean(np.any(ranked == labels[:, None], axis=1))),
        agreement=float(np.mean(ranked[:, 0] == original.argmax(axis=1))),
    )


class Evaluator:
    """Measures compressed versions of one network; the original's outputs are computed once and cached.

    `path` is the original where that is another file than the data folder's.
    """

    def __init__(
        self,
        network: str,
        data: Path,
        split: SplitName = "evaluation",
        count: int | None = None,
        path: Path | None = None,
    ) -> None:
        self.path = path or data / "models" / f"{network}.onnx"
        self._style = PREPROCESSING[network]
        self._split = load_split(data, split, count)
        self._are_probabilities = ends_in_softmax(self.path)
        outputs = _cached_outputs(self.path, data, split, self._style)[:count]
        self._original = log_probabilities(outputs, self._are_probabilities)
        self.original = compare(self._original, self._original, self._split.labels)

    def measure(self, model: Path | bytes) -> Metrics:
        """Run a version of the network on all images and compare it with the original."""
        outputs = run(model, self._split.images, self._style)
        return compare(
            self._original, log_probabilities(outputs, self._are_probabilities), self._split.labels
        )


def _cached_outputs(model: Path, data: Path, split: SplitName, style: Preprocessing) -> Outputs:
    key = hashlib.sha256(model.read_bytes() + (data / "imagenet" / f"{split}.csv").read_bytes()).hexdigest()
    cache = CACHE / f"{model.stem}-{split}-{key[:16]}.npy"
    if not cache.exists():
        outputs = run(model, load_split(data, split).images, style)
        CACHE.mkdir(exist_ok=True)
        partial = cache.with_suffix(f".{os.getpid()}.npy")
        np.save(partial, outputs)
        partial.replace(cache)
    return np.asarray(np.load(cache), np.float32)


def main() -> None:
    """Print accuracy and divergence of the original and of compressed versions."""
    parser = arguments.parser(__doc__)
    parser.add_argument("network", choices=sorted(PREPROCESSING))
    parser.add_argument("files", type=Path, nargs="*", help="ONNX files")
    parser.add_argument("--images", type=int, help="measure on the first N images only")
    options = parser.parse_intermixed_args()
    evaluator = Evaluator(options.network, arguments.data_folder(options), count=options.images)
    print("KL       top-1  top-5  agreement  file")
    for file in [evaluator.path, *options.files]:
        m = evaluator.original if file == evaluator.path else evaluator.measure(file)
        print(f"{m.kl:7.4f}  {m.top1:5.1%}  {m.top5:5.1%}  {m.agreement:6.1%}     {file.name}")


if __name__ == "__main__":
    main()

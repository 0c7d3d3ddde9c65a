"""Wrong and few calibration samples: the divergence they leave at the size of a file without any.

    python -m benchmarks.wrong_samples NETWORK --data DIR --ratio 7
    python -m benchmarks.wrong_samples NETWORK --data DIR --ratio 7 --folded --kinds right raw

Encodes to one size, measures on the evaluation images as they should be. Kinds of samples: the right ones,
all and random draws of a few; raw pixels, of 0 to 1, of -1 to 1, as for Caffe or ImageNet, colours swapped;
noise of the images' mean and variance; images of one colour. `trusted` is what they would leave if they were
calibrated with all the same. `--folded` takes the network with its batch normalizations folded, as exporters
often do.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nntc
import numpy as np
import onnxruntime
from nntc.encoder.samples import PRESETS
from numpy.typing import NDArray

from . import arguments
from .curves import markdown_table
from .imagenet import PREPROCESSING, Evaluator, Images, load_split, preprocess

_FEW = (1, 2, 3, 4, 8, 16)
_DRAWS = 3
_SCALED = ("raw", "unit", "tf", "caffe", "imagenet")
KINDS = ("right", "few", *_SCALED, "swapped", "noise", "flat")


def inputs_of(kind: str, images: Images, network: str) -> NDArray[np.float32]:
    """Return inputs (count, 3, height, width) that somebody makes from images (count, height, width, 3)."""
    right = preprocess(images, PREPROCESSING[network])
    draw = np.random.default_rng(0)
    if kind in _SCALED:
        way = PRESETS[kind]
        mean, std = (np.reshape(values, (-1, 1, 1)) for values in (way.mean, way.std))
        pixels = images.transpose(0, 3, 1, 2).astype(np.float64)
        pixels = pixels[:, ::-1] if way.order == "bgr" else pixels
        return np.asarray((pixels * way.scale - mean) / std, np.float32)
    if kind == "swapped":
        return preprocess(images[..., ::-1], PREPROCESSING[network])
    if kind == "noise":
        noise = draw.standard_normal(right.shape, np.float32)
        return np.asarray(right.mean() + right.std() * noise, np.float32)
    if kind == "flat":
        colours = draw.integers(0, 256, (len(images), 1, 1, 3), dtype=np.uint8)
        return preprocess(np.broadcast_to(colours, images.shape), PREPROCESSING[network])
    return right


class Bench:
    """Encodings of a network to one size."""

    def __init__(self, evaluator: Evaluator, ratio: float) -> None:
        self.evaluator, self.ratio = evaluator, ratio
        model = onnxruntime.InferenceSession(str(evaluator.path), providers=["CPUExecutionProvider"])
        self.input = model.get_inputs()[0].name

    def encode(
        self, inputs: NDArray[np.float32] | None, *, trusted: bool = False
    ) -> tuple[int, float, list[str]]:
        """Return size, divergence from the original on the evaluation images, and warnings."""
        samples = None if inputs is None else [{self.input: image[None]} for image in inputs]
        with tempfile.TemporaryDirectory() as folder:
            file, decoded = Path(folder, "m.nntc"), Path(folder, "m.onnx")
            report = nntc.encode(
                self.evaluator.path, file, ratio=self.ratio, calibration=samples, trust_samples=trusted
            )
            nntc.decode(file, decoded)
            said = [r for r in report.remarks if "calibration sample" in r]
            return report.size, self.evaluator.measure(decoded).kl, said


def folded(path: Path, folder: Path) -> Path:
    """Return the path of a network whose batch normalizations onnxruntime has folded into the weights."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folder / path.name)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return folder / path.name


def main() -> None:
    """Print a line for each kind of samples."""
    parser = arguments.parser(__doc__)
    parser.add_argument("network", choices=sorted(PREPROCESSING))
    parser.add_argument("--ratio", type=float, required=True, help="original size / size of all files")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--folded", action="store_true", help="fold batch normalizations first")
    parser.add_argument("--images", type=int, help="measure on the first N images only")
    options = parser.parse_args()
    data = arguments.data_folder(options)
    images = load_split(data, "calibration").images
    with tempfile.TemporaryDirectory() as folder:
        path = data / "models" / f"{options.network}.onnx"
        path = folded(path, Path(folder)) if options.folded else path
        bench = Bench(Evaluator(options.network, data, count=options.images, path=path), options.ratio)
        print(markdown_table(["samples", "bytes", "KL", "trusted", "said"], []), flush=True)
        size, kl, _ = bench.encode(None)
        print(f"| none | {size:,} | {kl:.4f} | | |", flush=True)
        for label, inputs in _samples(options.kinds, images, options.network):
            size, kl, said = bench.encode(inputs)
            is_refused = any("--trust-samples" in remark for remark in said)
            trusted = f"{bench.encode(inputs, trusted=True)[1]:.4f}" if is_refused else ""
            print(f"| {label} | {size:,} | {kl:.4f} | {trusted} | {'; '.join(said)} |", flush=True)


def _samples(kinds: list[str], images: Images, network: str) -> list[tuple[str, NDArray[np.float32]]]:
    """Return labels and inputs of what is to be encoded with."""
    draw = np.random.default_rng(1)
    samples = []
    for kind in kinds:
        if kind == "few":
            for count in _FEW:
                for number in range(_DRAWS):
                    some = images[draw.permutation(len(images))[:count]]
                    samples.append((f"{count}, draw {number + 1}", inputs_of("right", some, network)))
        else:
            samples.append((f"{len(images)} {kind}", inputs_of(kind, images, network)))
    return samples


if __name__ == "__main__":
    main()

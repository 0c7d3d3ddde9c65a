"""Models that are integers already: bytes by zstd, lossless, and on the grid of their integers.

8 bits: onnxruntime's tools make the model, QDQ, in ranges seen on the first calibration images, one scale for
each output channel, or one for each tensor. 4 bits: weights alone, a scale for each block of 32 (`int4.py`).
What is lost is measured against that model itself, on the evaluation images.

    python -m benchmarks.integers NETWORK --data DIR                    with calibration images
    python -m benchmarks.integers NETWORK --data DIR --calibration 0    without
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nntc
import numpy as np
import onnx
import zstandard
from nntc.encoder.encoding import build
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import PreparedTensors, calibrate
from nntc.encoder.samples import Samples
from nntc.encoder.workers import Workers
from onnx import numpy_helper

from . import arguments, int4, int8
from .imagenet import CACHE, PREPROCESSING, Evaluator, Metrics, calibration_samples

RANGES_FROM = 32
"""Calibration images that the ranges of activations come from."""
DIVERGENCES = (0.002, 0.01, 0.03)
QUALITIES = (13.0, 15.5, 18.0, 21.0, 24.0)


@dataclass(frozen=True)
class Point:
    """An encoding: its bytes, and what its outputs lost."""

    quality: float
    size: int
    metrics: Metrics


def quantized(network: str, data: Path, scales: str) -> Path:
    """Return the quantized model, which is made once."""
    CACHE.mkdir(exist_ok=True)
    target = CACHE / f"{network}-integers-{scales}.onnx"
    if not target.exists() and scales == "block":
        int4.quantize(data / "models" / f"{network}.onnx", target)
    elif not target.exists():
        samples = list(calibration_samples(network, data, RANGES_FROM))
        with tempfile.TemporaryDirectory() as folder:
            made, _ = int8.quantize(
                data / "models" / f"{network}.onnx",
                "static",
                samples,
                Path(folder),
                per_channel=scales == "channel",
            )
            target.write_bytes(made.read_bytes())
    return target


def order_0_bytes(model: Path) -> float:
    """Return what a model's int8 or int4 weights take at the entropy of each tensor."""
    total = 0.0
    for tensor in onnx.load(model).graph.initializer:
        if tensor.data_type in (onnx.TensorProto.INT8, onnx.TensorProto.INT4) and len(tensor.dims) > 1:
            counts = np.unique(numpy_helper.to_array(tensor), return_counts=True)[1]
            total += float(counts @ np.log2(counts.sum() / counts)) / 8
    return total


def points(
    path: Path, samples: Samples | None, evaluator: Evaluator, qualities: Sequence[float]
) -> Iterator[Point]:
    """Yield encodings at several qualities, samples run through the network once."""
    with open_model(path) as model, Workers(1) as workers, tempfile.TemporaryDirectory() as folder:
        prepared = PreparedTensors(model.tensors) if samples is None else calibrate(model, samples)
        for quality in qualities:
            coded, decoded = Path(folder, "model.nntc"), Path(folder, "model.onnx")
            coded.write_bytes(build(model, prepared, check_options(quality=quality), workers)[0].tobytes())
            nntc.decode(coded, decoded)
            yield Point(quality, coded.stat().st_size, evaluator.measure(decoded))


def size_at(found: Sequence[Point], divergence: float) -> float:
    """Return the bytes at a divergence between those of two points, on a log scale; NaN beyond them."""
    ordered = sorted(found, key=lambda point: point.size)
    for small, large in pairwise(ordered):
        if large.metrics.kl <= divergence <= small.metrics.kl:
            span = math.log(small.metrics.kl / large.metrics.kl)
            part = math.log(small.metrics.kl / divergence) / span if span else 0.0
            return float(small.size * (large.size / small.size) ** part)
    return math.nan


def main() -> None:
    """Print a table for each way to scale weights."""
    parser = arguments.parser(__doc__)
    parser.add_argument("network", choices=sorted(PREPROCESSING))
    parser.add_argument(
        "--calibration", type=int, default=128, metavar="N", help="images to calibrate on; 0: none"
    )
    parser.add_argument("--quality", type=float, nargs="+", default=QUALITIES)
    parser.add_argument(
        "--scales", choices=("channel", "tensor", "block"), nargs="+", default=("channel", "tensor")
    )
    parser.add_argument("--images", type=int, help="measure on the first N images only")
    options = parser.parse_args()
    data = arguments.data_folder(options)
    for scales in options.scales:
        path = quantized(options.network, data, scales)
        evaluator = Evaluator(options.network, data, count=options.images, path=path)
        samples = None
        if options.calibration:
            samples = calibration_samples(options.network, data, options.calibration)
        lossless = len(nntc.encode_bytes(path.read_bytes(), method="lossless")[0])
        print(f"{options.network}, one scale for each {scales}: {path.stat().st_size:,} bytes")
        print(f"  zstd -19         {len(zstandard.compress(path.read_bytes(), int8.ZSTD_LEVEL)):>10,}")
        print(f"  lossless         {lossless:>10,}  entropy of its weights alone {order_0_bytes(path):,.0f}")
        found = []
        for point in points(path, samples, evaluator, options.quality):
            found.append(point)
            m = point.metrics
            print(
                f"  quality {point.quality:<8g} {point.size:>10,}  {lossless / point.size:5.2f} KL {m.kl:.4f}"
                f" top-1 {m.top1:.1%} agreement {m.agreement:.1%}",
                flush=True,
            )
        for divergence in DIVERGENCES:
            size = size_at(found, divergence)
            print(f"  at KL {divergence:<10g} {size:>10,.0f}  {lossless / size:5.2f} of lossless")


if __name__ == "__main__":
    main()

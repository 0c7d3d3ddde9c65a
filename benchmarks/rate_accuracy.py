"""Size against accuracy of compressed versions of an image classifier.

    python -m benchmarks.rate_accuracy NETWORK --data DIR --method dct --bits 3 4 5 6
    python -m benchmarks.rate_accuracy NETWORK --data DIR --quality 40 60 80 --set entropy='"bzip2"'
    python -m benchmarks.rate_accuracy NETWORK --data DIR --quality 13 17 21 --calibration
    python -m benchmarks.rate_accuracy NETWORK --data DIR --file LABEL FILE [BYTES] --baseline nncodec.jsonl

A point is either encoded here (`--method` with `--bits` or `--quality`) or given as a file: .nntc, or .onnx
with the bytes that its compressed form takes. The second table interpolates the curves: the compression
factor at one and two points of top-5 accuracy lost, as Laude et al. report it, at one point of top-1 and at
99 % agreement, and bytes relative to a baseline at equal KL divergence.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import nntc
import onnx
from nntc.encoder.encoding import build
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import calibrate
from nntc.encoder.samples import Samples
from nntc.encoder.workers import Workers

from . import arguments, int8
from .curves import Point, append_point, curves_table, points_table, read_points
from .imagenet import PREPROCESSING, Evaluator, calibration_samples
from .tensors import FLOAT_TYPES, arrays, weight_snr
from .timing import timed


def measure_encoded(evaluator: Evaluator, label: str, name: str, encode_options: dict[str, Any]) -> Point:
    """Encode the network with the given options of `nntc.encode`, decode it and measure the result."""
    with tempfile.TemporaryDirectory() as folder:
        coded = Path(folder, "model.nntc")
        _, encode = timed(lambda: nntc.encode(evaluator.path, coded, **encode_options))
        details = {"options": encode_options, "encode_wall_s": encode.wall, "encode_cpu_s": encode.cpu}
        return measure_coded(evaluator, label, name, coded, details)


def measure_coded(
    evaluator: Evaluator, label: str, name: str, coded: Path, details: dict[str, Any] | None = None
) -> Point:
    """Decode a .nntc file of the network and measure the result."""
    with tempfile.TemporaryDirectory() as folder:
        decoded = Path(folder, evaluator.path.name)
        _, decode = timed(lambda: nntc.decode(coded, decoded))
        details = {**(details or {}), "decode_wall_s": decode.wall, "decode_cpu_s": decode.cpu}
        return measure_decoded(evaluator, label, name, decoded, coded.stat().st_size, details)


def measure_decoded(
    evaluator: Evaluator,
    label: str,
    name: str,
    decoded: Path,
    size: int,
    details: dict[str, Any] | None = None,
) -> Point:
    """Measure an ONNX file whose compressed form takes `size` bytes."""
    original, other = (arrays(onnx.load(path), FLOAT_TYPES) for path in (evaluator.path, decoded))
    return Point(
        network=evaluator.path.stem,
        codec=name,
        label=label,
        size=size,
        original_size=evaluator.path.stat().st_size,
        metrics=evaluator.measure(decoded),
        original=evaluator.original,
        details={**(details or {}), "snr_db": weight_snr(original, other)},
    )


def calibrated_points(
    evaluator: Evaluator, samples: Samples, qualities: Sequence[float], name: str, extra: dict[str, Any]
) -> Iterator[Point]:
    """Encode with samples of the network's inputs, which are run through it once, and measure.

    Seconds are those after that run.
    """
    with tempfile.TemporaryDirectory() as folder, open_model(evaluator.path) as model, Workers(1) as workers:
        prepared = calibrate(model, samples)
        for quality in qualities:
            coded = Path(folder, "model.nntc")
            options = check_options(quality=quality, **extra)
            (data, *_), seconds = timed(partial(build, model, prepared, options, workers))
            coded.write_bytes(data.tobytes())
            details = {"encode_wall_s": seconds.wall, "encode_cpu_s": seconds.cpu}
            yield measure_coded(evaluator, f"quality {quality:g}", name, coded, details)


def int8_point(evaluator: Evaluator, samples: Samples) -> Point:
    """Quantize the network to 8-bit integers by onnxruntime, zstd over the file, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        path, size = int8.quantize(evaluator.path, "static", list(samples), Path(folder))
        return Point(
            network=evaluator.path.stem,
            codec="onnxruntime int8 + zstd",
            label=f"static, {len(samples)} images",
            size=size,
            original_size=evaluator.path.stat().st_size,
            metrics=evaluator.measure(path),
            original=evaluator.original,
        )


def points(evaluator: Evaluator, options: argparse.Namespace) -> Iterator[Point]:
    """Measure what the command line asks for."""
    for label, file, *size in options.file:
        path = Path(file)
        if path.suffix == ".nntc":
            yield measure_coded(evaluator, label, "files", path)
        else:
            bytes_taken = int(size[0]) if size else path.stat().st_size
            yield measure_decoded(evaluator, label, "files", path, bytes_taken)

    extra = {key: json.loads(value) for key, value in (text.split("=", 1) for text in options.set)}
    name = " ".join(["nntc", options.method, *options.set])
    if options.calibration:
        samples = calibration_samples(options.network, arguments.data_folder(options), options.calibration)
        if options.int8:
            yield int8_point(evaluator, samples)
        yield from calibrated_points(
            evaluator,
            samples,
            options.quality,
            " ".join([f"nntc calibrated, {len(samples)} images", *options.set]),
            extra,
        )
        return
    for key in ("bits", "quality"):
        for value in getattr(options, key):
            encode_options = {"method": options.method, key: value, **extra}
            yield measure_encoded(evaluator, f"{key} {value:g}", name, encode_options)
    if not (options.file or options.bits or options.quality):
        yield measure_encoded(evaluator, "default", name, {"method": options.method, **extra})


def main() -> None:
    """Measure all points; print a table of the points and one of the curves."""
    parser = arguments.parser(__doc__)
    parser.add_argument("network", choices=sorted(PREPROCESSING))
    parser.add_argument("--method", default="auto")
    parser.add_argument("--bits", type=int, nargs="+", default=[])
    parser.add_argument("--quality", type=float, nargs="+", default=[])
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=JSON", help="further option of nntc.encode"
    )
    parser.add_argument(
        "--calibration",
        type=int,
        nargs="?",
        const=128,
        metavar="N",
        help="calibrate on the first N images, 128 by default (with --quality)",
    )
    parser.add_argument("--int8", action="store_true", help="onnxruntime's int8 too (with --calibration)")
    parser.add_argument(
        "--file",
        action="append",
        nargs="+",
        default=[],
        metavar="LABEL FILE [BYTES]",
        help="a finished point",
    )
    parser.add_argument("--images", type=int, help="measure on the first N images only")
    parser.add_argument("--baseline", type=Path, help="points of a peer, file of JSON lines")
    parser.add_argument("--out", type=Path, help="file of JSON lines to add the points to")
    options = parser.parse_intermixed_args()

    evaluator = Evaluator(options.network, arguments.data_folder(options), count=options.images)
    baseline = read_points(options.baseline) if options.baseline else []
    baseline = [point for point in baseline if point.network == options.network]
    if any(point.metrics.images != evaluator.original.images for point in baseline):
        raise SystemExit("the baseline was measured on another number of images")
    measured = []
    for point in points(evaluator, options):
        measured.append(point)
        if options.out:
            append_point(options.out, point)
    print(points_table([*baseline, *measured]))
    print()
    print(curves_table([*baseline, *measured], baseline))


if __name__ == "__main__":
    main()

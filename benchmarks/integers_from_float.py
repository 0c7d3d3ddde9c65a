"""From a float model to one of 8-bit integers that is small: bytes and KL against the float model.

Beside `nntc encode --integers int8`: onnxruntime's integers by zstd, the same coded exactly, and the float
model coded by itself at the same KL. Ranges of activations and calibration come from the calibration images,
KL is measured on the evaluation images.

    python -m benchmarks.integers_from_float NETWORK --data DIR
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nntc
import zstandard
from nntc.encoder.encoding import build
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import calibrate
from nntc.encoder.samples import Samples
from nntc.encoder.workers import Workers

from . import arguments
from .imagenet import PREPROCESSING, Evaluator, Metrics, calibration_samples
from .int8 import ZSTD_LEVEL
from .integers import Point, size_at

QUALITIES = (22.0, 30.0)
FLOAT_QUALITIES = (18.0, 21.0, 24.0, 27.0, 30.0, 33.0)


def float_points(
    path: Path, samples: Samples, evaluator: Evaluator, qualities: Sequence[float]
) -> Iterator[Point]:
    """Yield encodings of the float model itself, samples run through it once."""
    with open_model(path) as model, Workers(1) as workers:
        prepared = calibrate(model, samples)
        for quality in qualities:
            coded = build(model, prepared, check_options(quality=quality), workers)[0].tobytes()
            yield Point(quality, len(coded), evaluator.measure(nntc.decode_bytes(coded)[None]))


def main() -> None:
    """Print a line for each way, and the bytes of the float model at its KL."""
    parser = arguments.parser(__doc__)
    parser.add_argument("network", choices=sorted(PREPROCESSING))
    parser.add_argument("--calibration", type=int, default=64, metavar="N", help="images to calibrate on")
    parser.add_argument("--quality", type=float, nargs="+", default=QUALITIES)
    parser.add_argument("--images", type=int, help="measure on the first N images only")
    options = parser.parse_args()
    data = arguments.data_folder(options)
    path = data / "models" / f"{options.network}.onnx"
    evaluator = Evaluator(options.network, data, count=options.images)
    samples = calibration_samples(options.network, data, options.calibration)
    found = list(float_points(path, samples, evaluator, FLOAT_QUALITIES))
    for point in found:
        print(f"  float, quality {point.quality:<6g} {point.size:>10,} KL {point.metrics.kl:.4f}", flush=True)

    def show(name: str, size: int, metrics: Metrics) -> None:
        floats = size_at(found, metrics.kl)
        alike = "" if math.isnan(floats) else f"; float at this KL {floats:,.0f} ({size / floats:.2f})"
        print(
            f"  {name:<21} {size:>10,} KL {metrics.kl:.4f} agreement {metrics.agreement:.1%}{alike}",
            flush=True,
        )

    settings: list[tuple[str, dict[str, Any]]] = [("lossless", {"method": "lossless"})]
    settings += [(f"quality {quality:g}", {"quality": quality}) for quality in options.quality]
    with tempfile.TemporaryDirectory() as folder:
        for name, chosen in settings:
            coded = Path(folder, "model.nntc")
            report = nntc.encode(path, coded, integers="int8", calibration=list(samples), **chosen)
            decoded = nntc.decode_bytes(coded)[None]
            metrics = evaluator.measure(decoded)
            if chosen == {"method": "lossless"}:
                print(f"{options.network}: {report.integers.text if report.integers else ''}")
                show("int8, zstd -19", len(zstandard.compress(decoded, ZSTD_LEVEL)), metrics)
            show(f"int8, {name}", report.size, metrics)


if __name__ == "__main__":
    main()

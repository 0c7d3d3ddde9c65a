"""Ablation of calibrated encoding: KL divergence at equal size, with one part left out at a time.

    python -m benchmarks.calibration NETWORK --data DIR                   all parts
    python -m benchmarks.calibration NETWORK --data DIR --without feedback transforms
    python -m benchmarks.calibration NETWORK --data DIR --samples 16 32 64 128 256
    python -m benchmarks.calibration NETWORK --data DIR --samples 16 128 --noise

`--noise` puts noise in the place of the images; more than 128 images are mirrored ones.

Calibrates on the calibration images, measures on the evaluation images. Sizes and divergences at two
qualities or more give the divergence at the factors asked for: log KL linear in the log of the factor.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from nntc.decoder.model import decode
from nntc.encoder import allocate
from nntc.encoder.calibration import calibration, shrinkage
from nntc.encoder.calibration.calibration_data import CalibrationData
from nntc.encoder.calibration.folding import Folding
from nntc.encoder.encoding import build
from nntc.encoder.methods import calibrated, calibrated_weights
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import PreparedTensors, calibrate
from nntc.encoder.quantize import feedback
from nntc.encoder.quantize.shaping import shapings
from nntc.encoder.workers import Workers
from nntc.kernels.sequences import Sequences

from . import arguments
from .curves import markdown_table
from .imagenet import Evaluator, Metrics, calibration_samples

Patches = Callable[[], AbstractContextManager[Any]]
DEFAULT_FACTORS = {"squeezenet1.1": (11, 13, 15), "googlenet": (15, 17, 19), "mobilenetv2": (9, 11, 13)}
DEFAULT_QUALITIES = {"squeezenet1.1": (19, 15), "googlenet": (17, 13), "mobilenetv2": (21, 17)}


def _no_feedback(sequences: Sequences, *given: Any, **named: Any) -> Any:
    one = np.broadcast_to(np.eye(sequences.x.shape[1]), sequences.filters.shape)
    return feedback.search_with_feedback(replace(sequences, filters=one), *given, **named)


def _equal_steps(wanted: Any, rows: int) -> Any:  # noqa: ARG001 - stands for `step_codes`
    return None, np.full(wanted.size, np.exp(np.log(wanted).mean()))


def _equal_noise(sizes: Any, sensitivity: Any, quality: float, weights: Any) -> Any:
    layers = {i: 1.0 for i in sensitivity if i in set(weights)}
    return allocate.allocate_by_sensitivity(sizes, {**sensitivity, **layers}, quality, weights)


PARTS: dict[str, Patches] = {
    "feedback": partial(patch.object, calibrated_weights, "search_with_feedback", _no_feedback),
    "column steps": partial(patch.object, calibrated_weights, "step_codes", _equal_steps),
    "transforms": partial(patch.object, calibrated, "shapings", lambda tensor: shapings(tensor)[:1]),
    "sensitivities": partial(patch.object, calibrated, "allocate_by_sensitivity", _equal_noise),
    "rate-aware levels": partial(patch.object, calibrated_weights, "LAGRANGIAN", 1e-3),
    "weight prior": partial(patch.object, shrinkage, "_PRIOR_SHARES", (0.0,)),
    "second survivor": partial(
        patch.object,
        calibrated_weights,
        "search_with_feedback",
        partial(feedback.search_with_feedback, survivors=1),
    ),
}
"""Parts that can be left out of the plan, and what leaves them out."""
KNOWN_PARTS = ("bias correction", "cross-validated shrinkage", "folding")
"""Parts that can be left out of what is known before."""


class Bench:
    """A network, what its calibration images tell, and its measurement."""

    def __init__(self, network: str, data: Path, count: int | None, *, noise: bool) -> None:
        self.evaluator = Evaluator(network, data)
        self.samples = calibration_samples(network, data, count, noise=noise)

    @contextmanager
    def encoder(self, without: str) -> Iterator[Callable[[float], tuple[int, Metrics]]]:
        """Yield what encodes at a quality and measures, with a part left out."""
        with ExitStack() as stack:
            model = stack.enter_context(open_model(self.evaluator.path))
            workers = stack.enter_context(Workers(1))
            if without == "folding":
                stack.enter_context(patch.object(calibration, "fold_normalizations", lambda *_: Folding()))
            if without in PARTS:
                stack.enter_context(PARTS[without]())
            prepared = PreparedTensors(model.tensors)
            if without != "samples":
                prepared = calibrate(model, self.samples)
            if prepared.calibration is not None:
                prepared = replace(prepared, calibration=_without(prepared.calibration, without))

            def at(quality: float) -> tuple[int, Metrics]:
                data, report = build(model, prepared, check_options(quality=quality), workers)
                with tempfile.TemporaryDirectory() as folder:
                    coded, decoded = Path(folder, "model.nntc"), Path(folder, self.evaluator.path.name)
                    coded.write_bytes(data.tobytes())
                    decode(coded, decoded)
                    return report.size, self.evaluator.measure(decoded)

            yield at


def _without(data: CalibrationData, part: str) -> CalibrationData:
    """Return calibration data with a part of it left out."""
    if part == "bias correction":
        return replace(data, output_biases={})
    if part == "cross-validated shrinkage":
        statistics = {i: replace(s, cross_validated=None) for i, s in data.statistics.items()}
        return replace(data, statistics=statistics)
    return data


def divergence_at(points: Sequence[tuple[float, float]], factors: Sequence[float]) -> list[float]:
    """Return the KL divergence at factors from (factor, KL) points: a straight line through the logs."""
    x, y = np.log(np.array(points)).T
    slope, offset = np.polyfit(x, y, 1)
    return [float(np.exp(slope * np.log(factor) + offset)) for factor in factors]


def main() -> None:
    """Print a line for each variant."""
    parser = arguments.parser(__doc__)
    parser.add_argument("network", choices=sorted(DEFAULT_FACTORS))
    names = [*PARTS, *KNOWN_PARTS, "samples", "nothing"]
    parser.add_argument("--without", nargs="*", choices=names, metavar="PART", help=", ".join(names))
    parser.add_argument("--quality", type=float, nargs="+")
    parser.add_argument("--factors", type=float, nargs="+")
    parser.add_argument("--samples", type=int, nargs="+", default=[], help="numbers of calibration images")
    parser.add_argument("--noise", action="store_true", help="noise in the place of images")
    options = parser.parse_args()
    qualities = options.quality or DEFAULT_QUALITIES[options.network]
    factors = options.factors or DEFAULT_FACTORS[options.network]
    data = arguments.data_folder(options)
    variants: list[tuple[str, int | None]] = [("nothing", count) for count in options.samples]
    if not variants:
        variants = [(part, None) for part in options.without or ["nothing", *PARTS, *KNOWN_PARTS, "samples"]]
    print(_header(factors), flush=True)
    for without, count in variants:
        _print_line(options, data, without, count, qualities, factors)


def _header(factors: Sequence[float]) -> str:
    return markdown_table(["without", *(f"KL at {factor:g}x" for factor in factors), "points"], [])


def _print_line(
    options: argparse.Namespace,
    data: Path,
    without: str,
    count: int | None,
    qualities: Sequence[float],
    factors: Sequence[float],
) -> None:
    bench = Bench(options.network, data, count, noise=options.noise)
    original = bench.evaluator.path.stat().st_size
    points, told = [], []
    with bench.encoder(without) as at:
        for quality in qualities:
            size, metrics = at(quality)
            points.append((original / size, metrics.kl))
            lost = 100 * (bench.evaluator.original.top5 - metrics.top5)
            told.append(f"{original / size:.2f}x: {metrics.kl:.4f}, top-5 -{lost:.1f}")
    label = without if count is None else f"{count} {'of noise' if options.noise else 'images'}"
    cells = [label, *(f"{kl:.4f}" for kl in divergence_at(points, factors)), "; ".join(told)]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

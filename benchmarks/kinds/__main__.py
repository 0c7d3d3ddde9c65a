"""Size at equal fidelity of networks that are no image classifiers: nntc, NNCodec, int8.

    python -m benchmarks.kinds sentences --data DIR --out kinds.jsonl
    python -m benchmarks.kinds speech --data DIR --speech DIR... --without nncodec
    python -m benchmarks.kinds ocr --data DIR --samples 16 32 128 --noise 128
    python -m benchmarks.kinds --out kinds.jsonl                        the tables of what is there

Calibrates on some inputs and measures on others. nntc: `auto` without data, with each number of calibration
samples, and with noise in place of samples, at as many qualities as cover fidelities of 97 % to 99.9 %.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nntc.decoder.model import decode
from nntc.encoder.encoding import build
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import PreparedTensors, calibrate
from nntc.encoder.samples import Samples
from nntc.encoder.workers import Workers

from .. import arguments, int8, nncodec
from ..curves import append_point
from ..timing import timed
from .points import Point, curves_table, points_table, read_points
from .task import Batch, Outputs, Task, answers, noise_like

KINDS = ("sentences", "speech", "ocr", "direction", "tones")
CODECS = ("nntc", "calibrated", "noise", "nncodec", "int8")
LEAST_FIDELITY, MOST_FIDELITY = 0.97, 0.999
QUALITIES = (60, 54, 50, 46, 42, 38, 34, 30, 27, 24, 21, 18, 15, 12, 9)
START = 30
QPS = (-46, -42, -38, -35, -32, -30, -28, -26, -24)


class Bench:
    """A task with the original's outputs."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._original: Outputs = answers(task.model, task.evaluation)

    def point(self, codec: str, label: str, size: int, model: Path | bytes, details: dict[str, Any]) -> Point:
        """Measure an ONNX file that took `size` bytes compressed."""
        fidelity = self.task.compare(self._original, answers(model, self.task.evaluation))
        original_size = self.task.model.stat().st_size
        return Point(self.task.name, codec, label, size, original_size, fidelity, details)

    def nntc(self, name: str, samples: Sequence[Batch] | None, qualities: Sequence[float]) -> Iterator[Point]:
        """Measure method `auto`; samples calibrate once."""
        with open_model(self.task.model) as model, Workers(1) as workers:
            prepared = PreparedTensors(model.tensors)
            if samples is not None:
                prepared = calibrate(model, Samples(list(samples)))

            def at(quality: float) -> Point:
                options = check_options(quality=quality)
                (data, report), seconds = timed(lambda: build(model, prepared, options, workers))
                details = {"encode_cpu_s": seconds.cpu, "remarks": report.remarks}
                with tempfile.TemporaryDirectory() as folder:
                    coded, decoded = Path(folder, "model.nntc"), Path(folder, self.task.model.name)
                    coded.write_bytes(data.tobytes())
                    decode(coded, decoded)
                    return self.point(name, f"quality {quality:g}", data.size, decoded, details)

            yield from _covering(at, qualities)

    def nncodec(self, python: Path, qps: Sequence[int]) -> Iterator[Point]:
        """Measure NNCodec with dependent quantization."""
        with tempfile.TemporaryDirectory() as folder:
            for row in nncodec.code(python, self.task.model, qps, folder=Path(folder)):
                details = {key: row[key] for key in nncodec.DETAILS}
                label, size, decoded = f"qp {row['qp']}", row["bytes"], Path(row["decoded"])
                yield self.point(row["codec"], label, size, decoded, details)

    def int8(self) -> Iterator[Point]:
        """Measure onnxruntime's quantization, dynamic and static."""
        kinds: tuple[int8.Kind, ...] = ("dynamic", "static")
        for kind in kinds:
            with tempfile.TemporaryDirectory() as folder:
                path, size = int8.quantize(self.task.model, kind, self.task.calibration, Path(folder))
                yield self.point(f"int8 {kind} + zstd", "default", size, path, {})


def _covering(at: Callable[[float], Point], qualities: Sequence[float]) -> Iterator[Point]:
    """Yield points of a range of fidelities: from `START` upwards, then from there downwards."""
    ordered = sorted(qualities)
    below = [quality for quality in ordered if quality < START]
    lowest = None
    for quality in ordered[len(below) :]:
        point = at(quality)
        lowest = lowest or point
        yield point
        if point.fidelity.own >= MOST_FIDELITY:
            break
    for quality in reversed(below):
        if lowest is not None and lowest.fidelity.own < LEAST_FIDELITY:
            break
        lowest = at(quality)
        yield lowest


def task_of(kind: str, options: argparse.Namespace) -> Task:
    """Import what a task needs, and return it."""
    data, counts = arguments.data_folder(options), (max(options.samples), options.evaluation)
    if kind == "sentences":
        from .sentences import sentences

        return sentences(data, *counts)
    if kind == "speech":
        from .speech import speech

        return speech(data, options.speech, *counts)
    if kind == "tones":
        from .tones import tones

        return tones(data, *counts)
    from . import ocr

    return (ocr.recognition if kind == "ocr" else ocr.direction)(data, *counts)


def curves(bench: Bench, options: argparse.Namespace) -> Iterator[Iterator[Point]]:
    """Yield the curves that the command line asks for, points from high fidelity to low."""
    samples = bench.task.calibration
    wanted = [codec for codec in CODECS if codec not in options.without]
    if "nntc" in wanted:
        yield bench.nntc("nntc without data", None, options.quality)
    if "calibrated" in wanted:
        for count in options.samples:
            yield bench.nntc(f"nntc, {count} samples", samples[:count], options.quality)
    if "noise" in wanted:
        for count in options.noise:
            yield bench.nntc(f"nntc, {count} of noise", noise_like(samples[:count]), options.quality)
    if "nncodec" in wanted:
        option = options.peer_python
        python = arguments.path_or_environment(option, "--peer-python", "NNTC_PEER_PYTHON")
        yield bench.nncodec(python, options.qp)
    if "int8" in wanted:
        yield bench.int8()


def main() -> None:
    """Measure what is asked for; print a table of points and one of curves."""
    parser = arguments.parser(__doc__)
    parser.add_argument("kinds", nargs="*", choices=[*KINDS, []], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument(
        "--speech", type=Path, nargs="+", default=[], help="folders with one of recordings for each voice"
    )
    parser.add_argument("--samples", type=int, nargs="+", default=[128], help="numbers to calibrate by")
    parser.add_argument("--noise", type=int, nargs="+", default=[128], help="numbers of samples of noise")
    parser.add_argument("--evaluation", type=int, default=240, help="number of inputs to measure on")
    parser.add_argument("--quality", type=float, nargs="+", default=QUALITIES)
    parser.add_argument("--qp", type=int, nargs="+", default=QPS)
    parser.add_argument("--without", nargs="+", choices=CODECS, default=[])
    parser.add_argument("--peer-python", type=Path, help="interpreter (default: NNTC_PEER_PYTHON)")
    parser.add_argument("--out", type=Path, help="file of JSON lines to add the points to")
    options = parser.parse_intermixed_args()
    points = read_points(options.out) if options.out and options.out.exists() else []
    for kind in options.kinds:
        bench = Bench(task_of(kind, options))
        for curve in curves(bench, options):
            for point in curve:
                points.append(point)
                print(points_table([point]).splitlines()[-1], flush=True)
                if options.out:
                    append_point(options.out, point)
    print(points_table(points))
    print()
    print(curves_table(points))


if __name__ == "__main__":
    main()

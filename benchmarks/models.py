"""Every method on every model of the data folder, run by onnxruntime afterwards.

    python -m benchmarks.models --data DIR [--models NAME...]

Beside the folder's models: SqueezeNet 1.1 as int8 (QDQ, calibrated on random inputs) and with external data.
`lossless` has to give every file back. The other methods have to give files with the SHA-256 that the
container records, which onnxruntime loads and runs: outputs of the original's shapes, finite where those are.
Exit code 1 if anything fails.
"""

from __future__ import annotations

import hashlib
import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

from . import arguments
from .curves import markdown_table, optional
from .imagenet import session

Inputs = dict[str, NDArray[Any]]

METHODS: dict[str, dict[str, Any]] = {
    "lossless": {"method": "lossless"},
    "auto": {"method": "auto"},
    "quantization": {"method": "quantization", "bits": 6},
    "clustering": {"method": "clustering", "bits": 6},
    "dct": {"method": "dct", "bits": 6},
    "deep": {"method": "deep", "prune": 0.5, "bits": 6},
}
BASE = "squeezenet1.1"
SHAPES: dict[str, tuple[int, ...]] = {
    "ch_PP-OCRv4_rec_infer/x": (1, 3, 48, 320),
    "ch_ppocr_mobile_v2.0_cls_infer/x": (1, 3, 48, 192),
    "resemblyzer_lstm3/mels": (1, 160, 40),
    "silero_vad/input": (1, 576),
}
"""Inputs, model/name, whose free dimensions cannot all be 1."""
SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Row:
    """What a method did to a model; `problem` is empty where all is well."""

    model: str
    method: str
    size: int | None = None
    original: int | None = None
    error: float | None = None
    problem: str = ""

    def cells(self) -> list[str]:
        """Return the row as text."""
        factor = self.original / self.size if self.original and self.size else None
        error = "exact" if self.error == 0 else optional(self.error, ".2%")
        return [
            self.model,
            self.method,
            optional(self.size, ","),
            optional(factor, ".2f"),
            error,
            self.problem or "yes",
        ]


def random_inputs(network: InferenceSession, model: str, random: np.random.Generator) -> Inputs:
    """Return an input of the right shape and type for everything that a model wants."""
    inputs: Inputs = {}
    for wanted in network.get_inputs():
        free = tuple(size if isinstance(size, int) else 1 for size in wanted.shape)
        shape = SHAPES.get(f"{model}/{wanted.name}", free)
        if wanted.type == "tensor(int64)":
            inputs[wanted.name] = np.full(shape, SAMPLE_RATE, np.int64)
        elif wanted.type == "tensor(float)":
            inputs[wanted.name] = random.standard_normal(shape).astype(np.float32)
        else:
            raise ValueError(f"no input of type {wanted.type} for {model}")
    return inputs


class RandomInputs(CalibrationDataReader):  # type: ignore[misc]
    """A few random inputs to calibrate on."""

    def __init__(self, network: InferenceSession, model: str) -> None:
        random = np.random.default_rng(1)
        self._left = iter([random_inputs(network, model, random) for _ in range(4)])

    def get_next(self) -> Inputs | None:
        """Return the next input; None at the end."""
        return next(self._left, None)


def with_variants(models: Path, folder: Path) -> Iterator[Path]:
    """Yield the paths of all models, and of an int8 one and one with external data made in `folder`."""
    yield from sorted(models.glob("*.onnx"))
    base = models / f"{BASE}.onnx"
    int8 = folder / f"{BASE}_int8_qdq.onnx"
    quantize_static(base, int8, RandomInputs(session(base), BASE), quant_format=QuantFormat.QDQ)
    yield int8
    external = folder / f"{BASE}_external.onnx"
    onnx.save(
        onnx.load(base),
        external,
        save_as_external_data=True,
        location=f"{BASE}_external.data",
        size_threshold=0,
    )
    yield external


def outputs(path: Path, model: str) -> list[NDArray[Any]]:
    """Run a model on the same random inputs every time."""
    network = session(path)
    results = network.run(None, random_inputs(network, model, np.random.default_rng(2)))
    return [np.asarray(result) for result in results]


def problem_of_run(path: Path, model: str, expected: list[NDArray[Any]]) -> str:
    """Run a decoded model; return what is wrong with its outputs."""
    for result, original in zip(outputs(path, model), expected, strict=True):
        if result.shape != original.shape:
            return f"output of shape {result.shape}"
        if np.isfinite(original).all() and not np.isfinite(result).all():
            return "output not finite"
    return ""


def check(path: Path, method: str, expected: list[NDArray[Any]]) -> Row:
    """Encode and decode a model one way and check what comes out."""
    model = path.stem
    with tempfile.TemporaryDirectory() as temporary:
        coded, decoded = Path(temporary, "model.nntc"), Path(temporary, "decoded", "model.onnx")
        decoded.parent.mkdir()
        try:
            nntc.encode(path, coded, **METHODS[method])
            result = nntc.decode(coded, decoded)
            difference = nntc.verify(coded, path)
            problem = problem_of_run(decoded, model, expected)
        except Exception as e:  # whatever it is, the table shall show it
            return Row(model, method, problem=f"{type(e).__name__}: {e}")
        size = original = 0
        for file in result.files:
            content = decoded.with_name(file.name or decoded.name).read_bytes()
            source = path.with_name(file.name or path.name).read_bytes()
            original += len(source)
            if hashlib.sha256(content).hexdigest() != file.sha256:
                problem = f"{file.name or 'model'} has another hash than recorded"
            if method == "lossless" and content != source:
                problem = f"{file.name or 'model'} is not the original"
        size = coded.stat().st_size
    error = 0.0 if difference.identical else difference.error
    if error is None or math.isnan(error):
        problem = problem or "no error measured"
    return Row(model, method, size, original, error, problem)


def main() -> None:
    """Print one table."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--models", nargs="+", metavar="NAME", help="stems of file names (default: all)")
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for path in with_variants(arguments.data_folder(options) / "models", Path(temporary)):
            if options.models and path.stem not in options.models:
                continue
            expected = outputs(path, path.stem)
            for method in options.methods:
                rows.append(check(path, method, expected))
                print(*rows[-1].cells(), file=sys.stderr)
    print(
        markdown_table(
            ["model", "method", "bytes", "factor", "relative error", "ok"], [row.cells() for row in rows]
        )
    )
    if any(row.problem for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

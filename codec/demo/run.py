"""The experiment of `nntc demo`: code a trained network, and see whether it still reads digits."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import codec

_PIXEL_RANGE = np.float32(16)


@dataclass(frozen=True, slots=True)
class DemoRow:
    """One coding of the network.

    Parameters
    ----------
    coding
        What was done to it.
    bytes
        Size of the file.
    ratio
        Size of the ONNX file / bytes.
    error
        Relative error of the weights.
    top1
        Share of the held-out images that it reads right.
    agreement
        Share of the images for which its answer is the original network's.
    """

    coding: str
    bytes: int
    ratio: float
    error: float
    top1: float
    agreement: float


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Rows for the original, lossless and lossy coding."""

    images: int
    weights: int
    rows: tuple[DemoRow, ...]


def run() -> DemoResult:
    """Decode the network that comes along, code it with default options, and run all three versions."""
    here = files("codec.demo")
    with (
        tempfile.TemporaryDirectory(prefix="nntc-") as folder,
        as_file(here / "digits.nntc") as lossless,
        as_file(here / "digits.npz") as images,
    ):
        original, small, restored = (
            Path(folder) / name for name in ("digits.onnx", "digits.nntc", "restored.onnx")
        )
        with np.load(images, allow_pickle=False) as held_out:
            inputs = held_out["images"][:, None].astype(np.float32) / _PIXEL_RANGE
            labels = held_out["labels"]
        codec.decode(lossless, original)
        report = codec.encode(original, small)
        codec.decode(small, restored)
        before, after = answers(original, inputs), answers(restored, inputs)
        size = original.stat().st_size

        def row(coding: str, path: Path, error: float, given: NDArray[np.intp]) -> DemoRow:
            stored = path.stat().st_size
            right, same = float(np.mean(given == labels)), float(np.mean(given == before))
            return DemoRow(coding, stored, size / stored, error, right, same)

        rows = (
            row("ONNX", original, 0.0, before),
            row("nntc lossless", lossless, 0.0, before),
            row("nntc auto", small, report.error, after),
        )
        return DemoResult(len(labels), sum(tensor.size for tensor in report.tensors), rows)


def answers(model: Path, inputs: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the digit that a network sees in each image."""
    digits: NDArray[np.intp] = np.argmax(_outputs(model, inputs), axis=1)
    return digits


def _outputs(model: Path, inputs: NDArray[np.float32]) -> NDArray[Any]:
    """Run a network on onnxruntime, or slower on the reference implementation that comes with onnx."""
    session: Any
    try:
        import onnxruntime
    except ImportError:
        from onnx.reference import ReferenceEvaluator

        session = ReferenceEvaluator(str(model))
        name = session.input_names[0]
    else:
        session = onnxruntime.InferenceSession(model)
        name = session.get_inputs()[0].name
    outputs: NDArray[Any] = session.run(None, {name: inputs})[0]
    return outputs

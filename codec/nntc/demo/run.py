"""The experiment of `nntc demo`: code a trained network, and see whether it still reads digits.

Model and images can be saved, to try other commands on.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nntc
from nntc.decoder.folder import temporary_folder
from nntc.decoder.output_set import OutputSet

_PIXEL_RANGE = np.float32(16)
_CALIBRATION = 100
"""Images that are saved as calibration samples; the others are for measuring."""


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
    here = files("nntc.demo")
    with (
        temporary_folder() as folder,
        as_file(here / "digits.nntc") as lossless,
        as_file(here / "digits.npz") as images,
    ):
        original, small, restored = (
            folder / name for name in ("digits.onnx", "digits.nntc", "restored.onnx")
        )
        inputs, labels = read_images(images)
        nntc.decode(lossless, original)
        report = nntc.encode(original, small)
        nntc.decode(small, restored)
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


def save(folder: Path) -> tuple[Path, Path, Path]:
    """Write `model.onnx`, `calibration.npz` (100 images) and `evaluation.npz` (400 others, and labels).

    Parameters
    ----------
    folder
        An existing folder; files of these names in it are replaced.

    Raises
    ------
    OutputError
        E_OUTPUT: the folder cannot be written to.
    """
    here = files("nntc.demo")
    model, calibration, evaluation = (
        folder / name for name in ("model.onnx", "calibration.npz", "evaluation.npz")
    )
    with as_file(here / "digits.npz") as images:
        inputs, labels = read_images(images)
    with OutputSet([model, calibration, evaluation]) as outputs:
        contents = [
            nntc.decode_bytes((here / "digits.nntc").read_bytes())[None],
            _archive(image=inputs[:_CALIBRATION]),
            _archive(image=inputs[_CALIBRATION:], labels=labels[_CALIBRATION:].astype(np.int64)),
        ]
        outputs.write([[content] for content in contents])
    return model, calibration, evaluation


def read_images(path: Path) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the network's inputs, float32 [images, 1, 8, 8] from 0 to 1, and the digits they show."""
    with np.load(path, allow_pickle=False) as held_out:
        return held_out["images"][:, None].astype(np.float32) / _PIXEL_RANGE, held_out["labels"]


def _archive(**arrays: NDArray[Any]) -> bytes:
    """Return the bytes of an `.npz` file."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


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

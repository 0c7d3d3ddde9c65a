"""Process of its own in which onnxruntime's quantization tools run.

    python -m nntc.encoder.integers.tool FOLDER

They write files where they like, log, and may end the process. Here, all of that stays in a folder that is
removed afterwards. It has `job.json`, `float.onnx` and samples `0.npz`, `1.npz`, ...; `made.onnx` is made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import version_converter

from nntc.encoder.integers.made import Kind

JOB, FLOAT, PREPARED, MADE = "job.json", "float.onnx", "prepared.onnx", "made.onnx"
BLOCK = 32
"""Weights of a row that share a scale, in 4 bits."""
_PER_CHANNEL_OPSET = 13


class Samples:
    """Hands samples to the calibration of static quantization, one by one.

    Parameters
    ----------
    samples
        Input name -> array, each a complete batch.
    """

    def __init__(self, samples: Iterator[Mapping[str, NDArray[Any]]]) -> None:
        self._samples = samples

    def get_next(self) -> Mapping[str, NDArray[Any]] | None:
        """Return the next sample, None after the last."""
        return next(self._samples, None)


def prepare(source: Path, target: Path, *, fuse: bool = True) -> None:
    """Write a model as the tools want it: shapes inferred, constants folded, scales of channels allowed.

    With `fuse`, products and sums become Gemm, of which int4 is not made. Symbolic shapes are left out where
    they cannot be inferred: they are recommended, and fail on some models.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model = onnx.load(source)
    if next(own.version for own in model.opset_import if own.domain in ("", "ai.onnx")) < _PER_CHANNEL_OPSET:
        model = version_converter.convert_version(model, _PER_CHANNEL_OPSET)
    onnx.save(with_initializers(model), target)
    try:
        quant_pre_process(target, target, skip_optimization=not fuse)
    except Exception:  # whatever it raises; sympy may not be installed
        quant_pre_process(target, target, skip_optimization=not fuse, skip_symbolic_shape=True)


def with_initializers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its Constant nodes as initializers, where the tools look for weights."""
    for node in [node for node in model.graph.node if node.op_type == "Constant"]:
        if not node.attribute[0].HasField("t"):
            continue
        tensor = onnx.TensorProto()
        tensor.CopyFrom(node.attribute[0].t)
        tensor.name = node.output[0]
        model.graph.initializer.append(tensor)
        model.graph.node.remove(node)
    return model


def make(kind: Kind, prepared: Path, target: Path, samples: Samples) -> None:
    """Make a model of integers of one that is prepared; `samples` are for the static kind alone."""
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    if kind is Kind.STATIC:
        quantize_static(prepared, target, samples, per_channel=True)
    elif kind is Kind.DYNAMIC:
        quantize_dynamic(prepared, target, per_channel=True, weight_type=QuantType.QInt8)
    else:
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantizer = MatMulNBitsQuantizer(onnx.load(prepared), bits=4, block_size=BLOCK, is_symmetric=False)
        quantizer.process()
        quantizer.model.save_model_to_file(str(target))


def _read(folder: Path, names: list[str], count: int) -> Iterator[dict[str, NDArray[Any]]]:
    for number in range(count):
        with np.load(folder / f"{number}.npz") as arrays:
            yield {name: arrays[f"a{place}"] for place, name in enumerate(names)}


def main() -> None:
    """Do the job in the folder that is named."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / JOB).read_text("utf-8"))
    kind = Kind(job["kind"])
    if not (folder / PREPARED).exists():
        prepare(folder / FLOAT, folder / PREPARED, fuse=kind is not Kind.BLOCKS)
    samples = Samples(_read(folder, job["inputs"], job["samples"]))
    make(kind, folder / PREPARED, folder / MADE, samples)


if __name__ == "__main__":
    main()

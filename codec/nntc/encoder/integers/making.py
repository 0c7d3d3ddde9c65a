"""Making of a model of integers: a job for the process in `tool`, and what comes back from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx

from nntc.encoder.integers.made import Kind
from nntc.encoder.integers.tool import FLOAT, JOB, MADE
from nntc.encoder.model import Model
from nntc.encoder.network.session import onnxruntime_module
from nntc.encoder.network.values import ExternalData
from nntc.encoder.samples import Samples
from nntc.errors import ModelError, OutputError, reason
from nntc.onnx.operators import CONTRIB, is_operator

LARGEST = (1 << 31) - (1 << 24)
"""Bytes of a model that the tools can take: they make one protobuf message of it, and add to it."""
_MESSAGE = 300
_KINDS = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)
_INTEGER_OPERATORS = (
    "QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger"
)  # fmt: skip


def tool_name(*, int4: bool) -> str:
    """Return the tool and its version; raises ImportError if it, or what it needs for int4, is not there."""
    version = onnxruntime_module().__version__
    if int4 and find_spec("onnx_ir") is None:
        raise ImportError("int4 integers need onnx-ir: pip install 'nntc[integers]'", name="onnx_ir")
    return f"onnxruntime {version}"


def begin(folder: Path, model: Model, samples: Samples | None, inputs: list[str]) -> None:
    """Put a float model and samples for it into the folder of a job.

    Raises
    ------
    ModelError
        E_INTEGERS: the model is too large, has integers already, or is none that the tools can take.
    OutputError
        E_OUTPUT: there is no room for it.
    """
    if model.size > LARGEST:
        raise ModelError(
            "E_INTEGERS", f"onnxruntime's tools take models of at most {LARGEST:,} bytes, not {model.size:,}"
        )
    graph = onnx.load_model_from_string(bytes(model.files.files[0].data))
    for node in graph.graph.node:
        if node.op_type in _INTEGER_OPERATORS or node.op_type.endswith("NBits"):
            raise ModelError("E_INTEGERS", f"the model has integers already: {node.op_type}")
    files = ExternalData({file.name: file.data for file in model.files.files if file.name is not None})
    for tensor in graph.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.CopyFrom(files.loaded(tensor))
    for own in graph.graph.node:
        files.load_into(own)
    for function in graph.functions:
        files.load_into(function)
    try:
        (folder / FLOAT).write_bytes(graph.SerializeToString())
        for number, batch in enumerate(samples or ()):
            arrays = {f"a{place}": batch[name] for place, name in enumerate(inputs)}
            np.savez(folder / f"{number}.npz", **arrays)  # type: ignore[arg-type]
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot write temporary files: {reason(e)}") from e


def make(folder: Path, kind: Kind, count: int, inputs: list[str]) -> Path:
    """Make integers of the model in a folder, with so many samples; return the path of what was made.

    Raises
    ------
    ModelError
        E_INTEGERS: onnxruntime's tools cannot.
    """
    job = {"kind": str(kind), "samples": count, "inputs": inputs}
    (folder / JOB).write_text(json.dumps(job), "utf-8")
    paths = [str(Path(place).resolve()) for place in sys.path if place]
    surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    surroundings |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    words = [sys.executable, "-m", "nntc.encoder.integers.tool", str(folder)]
    done = subprocess.run(  # noqa: S603 - this Python, with what is in this package
        words, cwd=folder, env=surroundings, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode or not (folder / MADE).exists():
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        message = f"onnxruntime's tools cannot make {kind} integers of the model: {said[-1][:_MESSAGE]}"
        raise ModelError("E_INTEGERS", message)
    return (folder / MADE).rename(folder / f"made-{kind.name.lower()}.onnx")


def has_convolutions(model: Model) -> bool:
    """Return whether a model has convolutions, for which onnxruntime recommends static quantization."""
    graph = onnx.load_model_from_string(model.files.outline()).graph
    return any(is_operator(node, "Conv", "ConvTranspose") for node in graph.node)


def has_integers(path: Path) -> bool:
    """Return whether the tools have made integers of any weights of a model."""
    graph = onnx.load(path).graph
    packed = any(is_operator(node, "MatMulNBits", domain=CONTRIB) for node in graph.node)
    return packed or any(tensor.data_type in _KINDS and len(tensor.dims) > 1 for tensor in graph.initializer)

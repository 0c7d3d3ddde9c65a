"""Models of any size: dense layers with Laplace weights, the usual shape of trained ones.

    python -m benchmarks.synthetic WEIGHTS FOLDER

Writes model.onnx, model.raw (the weights alone) and model.nntc.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS = 8
SEED = 7


def dense_weights(count: int, layers: int = LAYERS) -> list[NDArray[np.float32]]:
    """Return square float32 matrices of about `count` weights together, of variance 1 / width."""
    width = max(1, round(math.sqrt(count / layers)))
    random = np.random.default_rng(SEED)
    scale = 1 / math.sqrt(2 * width)
    return [random.laplace(0, scale, (width, width)).astype(np.float32) for _ in range(layers)]


def dense_model(weights: list[NDArray[np.float32]]) -> bytes:
    """Return an ONNX file of MatMul and Relu layers; below 2 GB, weights in raw_data."""
    width = len(weights[0])
    nodes = []
    for index in range(len(weights)):
        nodes.append(helper.make_node("MatMul", [f"x{index}", f"w{index}"], [f"y{index}"]))
        nodes.append(helper.make_node("Relu", [f"y{index}"], [f"x{index + 1}"]))
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
        for name in ("x0", f"x{len(weights)}")
    ]
    tensors = [numpy_helper.from_array(values, f"w{index}") for index, values in enumerate(weights)]
    graph = helper.make_graph(nodes, "dense", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def main() -> None:
    """Write a model, its weights alone, and the model coded by `auto`."""
    import nntc

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    weights = dense_weights(options.weights)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "model.onnx").write_bytes(dense_model(weights))
    with (options.folder / "model.raw").open("wb") as file:
        for values in weights:
            values.tofile(file)
    nntc.encode(options.folder / "model.onnx", options.folder / "model.nntc")


if __name__ == "__main__":
    main()

"""Calibrated files for devices of a network whose matrices are stored inputs first.

    python -m benchmarks.inputs_first --data DIR [--memory 65536] [--quality 24]

The network is SqueezeNet 1.1 with its convolutions of 1 x 1 as products, MatMul with [inputs, outputs], as
exporters of other frameworks and of transformers store them. It is calibrated with 16 images of the first
split, and measured on 48 of the second.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
from onnx import helper, numpy_helper

from . import arguments
from .curves import markdown_table

NETWORK = "squeezenet1.1"
CALIBRATION, EVALUATION = 16, 48


def as_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model whose convolutions of 1 x 1 are products with matrices stored inputs first."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        found = weights.get(node.input[1]) if node.op_type == "Conv" else None
        if found is None or tuple(found.dims[2:]) != (1, 1):
            nodes.append(node)
            continue
        matrix = np.ascontiguousarray(numpy_helper.to_array(found)[:, :, 0, 0].T)
        found.CopyFrom(numpy_helper.from_array(matrix, found.name))
        out = node.output[0]
        last, product, added = (f"{out}/{name}" for name in ("last", "product", "sum"))
        nodes += [
            helper.make_node("Transpose", [node.input[0]], [last], perm=[0, 2, 3, 1]),
            helper.make_node("MatMul", [last, found.name], [product]),
            helper.make_node("Add", [product, node.input[2]], [added]),
            helper.make_node("Transpose", [added], [out], perm=[0, 3, 1, 2]),
        ]
    inputs = [value for value in model.graph.input if value.name not in weights]
    for field, values in ((model.graph.node, nodes), (model.graph.input, inputs)):
        del field[:]
        field.extend(values)
    onnx.checker.check_model(model)
    return model


def images(folder: Path, count: int, target: Path) -> nntc.ImageFolder:
    """Return the first images of a split."""
    target.mkdir()
    for path in sorted(folder.iterdir())[:count]:
        (target / path.name).write_bytes(path.read_bytes())
    return nntc.ImageFolder(target, preprocess="caffe")


def main() -> int:
    """Run the command."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--memory", type=int, default=65536)
    parser.add_argument("--quality", type=float, default=24)
    chosen = parser.parse_args()
    data = arguments.data_folder(chosen)
    model = as_products(onnx.load(data / "models" / f"{NETWORK}.onnx"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        calibration = images(data / "imagenet" / "calibration", CALIBRATION, Path(folder) / "calibration")
        evaluation = images(data / "imagenet" / "evaluation", EVALUATION, Path(folder) / "evaluation")
        for memory, samples in ((None, calibration), (chosen.memory, calibration), (chosen.memory, None)):
            options: dict[str, Any] = {"quality": chosen.quality, "device_memory": memory}
            _, report = nntc.encode_bytes(model, calibration=samples, evaluation=evaluation, **options)
            divergence = "-" if report.fidelity is None else f"{report.fidelity.divergence:.4f}"
            shown = "any" if memory is None else f"{memory:,}", "-" if samples is None else str(CALIBRATION)
            rows.append([*shown, f"{report.size:,}", divergence])
    sys.stdout.write(markdown_table(["working memory", "samples", "bytes", "KL"], rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Write the ONNX graph of a BERT encoder (Devlin et al., 2019) that embeds sentences (Reimers et al., 2019).

Post-normalization, exact GELU; the embedding is the mean over the tokens, scaled to unit length.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

TOKENS, MASK = "input_ids", "attention_mask"
HEADS, EPSILON = 12, 1e-12
_OPSET, _IR = 17, 8


class _Graph:
    """Nodes and initializers as they are added."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def constant(self, name: str, values: object) -> str:
        """Add an initializer; return its name."""
        if all(tensor.name != name for tensor in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weight(self, name: str, *, is_matrix: bool = False) -> str:
        """Add a tensor of the checkpoint; a matrix as MatMul wants it, transposed."""
        values = self._weights[name]
        return self.constant(name, np.ascontiguousarray(values.T) if is_matrix else values)

    def dense(self, x: str, name: str) -> str:
        product = self.add("MatMul", x, self.weight(f"{name}.weight", is_matrix=True))
        return self.add("Add", product, self.weight(f"{name}.bias"))

    def normalized(self, x: str, name: str) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=EPSILON)

    def scalar(self, value: float) -> str:
        return self.constant(f"scalar {value}", np.float32(value))

    def integers(self, *values: int) -> str:
        return self.constant(f"integers {values}", np.array(values, np.int64))


def export(checkpoint: Path, target: Path) -> None:
    """Write an encoder's ONNX file.

    Args:
        checkpoint: safetensors file with the names of the `transformers` package.
        target: file to write.

    """
    weights = load_file(checkpoint)
    graph = _Graph(weights)
    layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
    size = weights["embeddings.LayerNorm.weight"].size
    x = _embeddings(graph)
    allowed = graph.add("Cast", graph.add("Unsqueeze", MASK, graph.integers(1, 2)), to=TensorProto.FLOAT)
    hidden = graph.add("Mul", graph.add("Sub", graph.scalar(1.0), allowed), graph.scalar(-1e4))
    for layer in range(layers):
        x = _layer(graph, x, hidden, f"encoder.layer.{layer}", size)
    _pooled(graph, x)
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["N", "T"]) for name in (TOKENS, MASK)]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", size])]
    made = helper.make_graph(graph.nodes, "bert", inputs, outputs, graph.initializers)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def _embeddings(graph: _Graph) -> str:
    words = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), TOKENS)
    length = graph.add("Slice", graph.add("Shape", TOKENS), graph.integers(1), graph.integers(2))
    table = graph.weight("embeddings.position_embeddings.weight")
    positions = graph.add("Slice", table, graph.integers(0), length, graph.integers(0))
    first = graph.integers(0)
    kind = graph.add("Gather", graph.weight("embeddings.token_type_embeddings.weight"), first)
    summed = graph.add("Add", graph.add("Add", words, positions), kind)
    return graph.normalized(summed, "embeddings.LayerNorm")


def _layer(graph: _Graph, x: str, hidden: str, name: str, size: int) -> str:
    split = graph.integers(0, 0, HEADS, size // HEADS)

    def heads(part: str, order: list[int]) -> str:
        projected = graph.dense(x, f"{name}.attention.self.{part}")
        return graph.add("Transpose", graph.add("Reshape", projected, split), perm=order)

    scores = graph.add("MatMul", heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]))
    scaled = graph.add("Div", scores, graph.scalar(float(np.sqrt(size / HEADS))))
    shares = graph.add("Softmax", graph.add("Add", scaled, hidden), axis=-1)
    mixed = graph.add("MatMul", shares, heads("value", [0, 2, 1, 3]))
    joined = graph.add(
        "Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(0, 0, size)
    )
    attended = graph.dense(joined, f"{name}.attention.output.dense")
    x = graph.normalized(graph.add("Add", attended, x), f"{name}.attention.output.LayerNorm")
    inner = graph.dense(x, f"{name}.intermediate.dense")
    bell = graph.add("Erf", graph.add("Div", inner, graph.scalar(float(np.sqrt(2)))))
    halved = graph.add("Mul", inner, graph.scalar(0.5))
    gelu = graph.add("Mul", halved, graph.add("Add", bell, graph.scalar(1.0)))
    return graph.normalized(
        graph.add("Add", graph.dense(gelu, f"{name}.output.dense"), x), f"{name}.output.LayerNorm"
    )


def _pooled(graph: _Graph, x: str) -> None:
    """Add the mean over the tokens, scaled to unit length, as the output."""
    mask = graph.add("Cast", graph.add("Unsqueeze", MASK, graph.integers(2)), to=TensorProto.FLOAT)
    along = graph.integers(1)
    total = graph.add("ReduceSum", graph.add("Mul", x, mask), along, keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", mask, along, keepdims=0))
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], "embedding", axis=-1, p=2))

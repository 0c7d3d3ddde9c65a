"""Small models with weights of 4 bits, two in a byte, in all the ways that tools write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from tests.integer_models import Array, model_of, node

CONTRIB = {"domain": "com.microsoft"}


@dataclass(frozen=True)
class Made:
    """A model whose constant `w` has weights of 4 bits; x holds rows to multiply, or to look up."""

    model: onnx.ModelProto
    inputs: tuple[int, ...]
    """Shape of all weights, the first axis the one that products sum over, or that is looked up."""
    is_table: bool = False

    @property
    def samples(self) -> list[dict[str, Array]]:
        """Inputs by which the outputs are the weights themselves, in their order."""
        count = self.inputs[0]
        return [{"x": np.arange(count) if self.is_table else np.eye(count, dtype=np.float32)}]


def codes(shape: tuple[int, ...], seed: int = 0) -> Array:
    """Return integers as quantizers make them of weights in blocks, 0..15."""
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(rng.normal(8, 2.6, shape)), 0, 15).astype(np.uint8)


def pairs(values: Array) -> Array:
    """Return integers 0..15 in bytes, along the last axis, the first in the low bits."""
    low, high = values[..., ::2], values[..., 1::2]
    return np.asarray(low | high << 4)


def four_bits(name: str, values: Array, *, signed: bool) -> onnx.TensorProto:
    """Return a tensor of int4 or uint4 of codes: those of int4 are 8 less."""
    own = (values ^ 8 if signed else values).ravel()
    data = pairs(np.append(own, np.zeros(own.size % 2, np.uint8))).tobytes()
    kind = TensorProto.INT4 if signed else TensorProto.UINT4
    return TensorProto(name=name, data_type=kind, dims=values.shape, raw_data=data)


def scales(shape: tuple[int, ...], seed: int = 1) -> Array:
    return np.exp(np.random.default_rng(seed).normal(-3, 0.4, shape)).astype(np.float32)


def product(n: int = 48, k: int = 80, block: int = 32, *, zeros: bool = False, seed: int = 0) -> Made:
    """Return MatMulNBits."""
    blocks = -(-k // block)
    constants = {"w": pairs(codes((n, blocks, block), seed)), "s": scales((n * blocks,))}
    if zeros:
        own = codes((n, blocks + blocks % 2), seed + 1) // 4 + 6
        constants["z"] = pairs(own).ravel()
    made = node("MatMulNBits", ["x", *constants], ["y"], K=k, N=n, bits=4, block_size=block, **CONTRIB)
    return Made(model_of([made], ("n", k), **constants), (k, n))


def table(
    rows: int = 60, columns: int = 80, block: int = 16, *, kind: str = "uint8", zeros: bool = False
) -> Made:
    """Return GatherBlockQuantized, of uint8, int4 or uint4."""
    shape = (rows, columns // block)
    constants: dict[str, Any] = {"s": scales(shape)}
    if zeros:
        own = codes((rows, shape[1] + shape[1] % 2), 5) // 4 + 6
        constants["z"] = (
            pairs(own) if kind == "uint8" else four_bits("z", own[:, : shape[1]], signed=kind == "int4")
        )
    attributes: dict[str, Any] = {"block_size": block, "quantize_axis": 1, "gather_axis": 0, **CONTRIB}
    if kind == "uint8":
        attributes["bits"] = 4
    made = node("GatherBlockQuantized", ["w", "x", *constants], ["y"], **attributes)
    values = codes((rows, columns))
    model = model_of([made], ("n",), **{n: v for n, v in constants.items() if isinstance(v, np.ndarray)})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    model.graph.initializer.extend(v for v in constants.values() if not isinstance(v, np.ndarray))
    model.graph.initializer.append(
        numpy_helper.from_array(pairs(values), "w")
        if kind == "uint8"
        else four_bits("w", values, signed=kind == "int4")
    )
    return Made(model, (rows, columns), is_table=True)


def behind(
    shape: tuple[int, int] = (80, 48),
    scale: tuple[int, ...] = (),
    *,
    signed: bool = True,
    zeros: bool = False,
    **attributes: Any,
) -> Made:
    """Return a product with weights behind DequantizeLinear, of int4 or uint4."""
    constants: dict[str, Any] = {"s": scales(scale)}
    names = ["w", "s", *(["z"] if zeros else [])]
    nodes = [node("DequantizeLinear", names, ["v"], **attributes), node("MatMul", ["x", "v"], ["y"])]
    model = model_of(nodes, ("n", shape[0]), **constants)
    model.graph.initializer.append(four_bits("w", codes(shape), signed=signed))
    if zeros:
        model.graph.initializer.append(four_bits("z", codes(scale, 5) // 4 + 6, signed=signed))
    return Made(model, shape)


def block_after_block(width: int = 96) -> onnx.ModelProto:
    """Return two products with a rectifier between them, MatMulNBits, and a third behind DequantizeLinear."""
    one, two = product(width, width, seed=2), product(width, width, zeros=True, seed=3)
    constants: dict[str, Array] = {}
    nodes = []
    for name, source, target, own in (("a", "x", "h", one), ("b", "r", "g", two)):
        made = own.model.graph.node[0]
        constants |= {f"{name}.{t.name}": numpy_helper.to_array(t) for t in own.model.graph.initializer}
        inputs = [source, *(f"{name}.{each}" for each in made.input[1:])]
        nodes.append(
            node("MatMulNBits", inputs, [target], K=width, N=width, bits=4, block_size=32, **CONTRIB)
        )
    nodes.insert(1, node("Relu", ["h"], ["r"]))
    nodes += [node("DequantizeLinear", ["c.w", "c.s"], ["c"], axis=1), node("MatMul", ["g", "c"], ["y"])]
    model = model_of(nodes, ("n", width), **constants, **{"c.s": scales((40,))})
    model.graph.initializer.append(four_bits("c.w", codes((width, 40), 4), signed=True))
    return model


def samples(width: int = 96, count: int = 40) -> list[dict[str, Array]]:
    """Return inputs for `block_after_block`, of which some values go with others."""
    rng = np.random.default_rng(7)
    mixed = rng.standard_normal((count, 1, 12)) @ rng.standard_normal((12, width))
    return [{"x": (row + 0.3 * rng.standard_normal((1, width))).astype(np.float32)} for row in mixed]

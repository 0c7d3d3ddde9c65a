"""Small models with normalizations, tables and quantized weights whose channels differ much in size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.constant_models import Case, case, generator, node, weights


def half_precision_variances() -> Case:
    r = generator()
    var = np.exp(r.normal(-3, 3, 48)).astype(np.float16)
    w = (weights(48, 3, 3, 3) * np.sqrt(var.astype(np.float32))[:, None, None, None]).astype(np.float16)
    front = node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], epsilon=1e-6)
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        front,
        node("Relu", ["n"], ["a"]),
        node("Conv", ["a", "w2"], ["y"]),
    ]
    x = r.standard_normal((32, 3, 8, 8)).astype(np.float16)
    s, b = (r.uniform(0.5, 1.5, 48).astype(np.float16) for _ in range(2))
    return case(nodes, x, w=w, s=s, b=b, m=b * 0, v=var, w2=weights(16, 48, 3, 3).astype(np.float16))


def variances_of_two_kinds() -> Case:
    r = generator()
    w = weights(64, 3, 3, 3)
    w[40:] *= 0.006
    var = (np.square(w).sum((1, 2, 3)) * 36).astype(np.float32)
    normal = node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], epsilon=1e-5)
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        normal,
        node("Relu", ["n"], ["a"]),
        node("Conv", ["a", "w2"], ["y"]),
    ]
    x = r.standard_normal((32, 3, 8, 8)).astype(np.float32) * 6
    s, b = r.uniform(0.5, 1.5, 64).astype(np.float32), r.normal(0, 0.1, 64).astype(np.float32)
    m = (r.standard_normal(64) * np.sqrt(var) * 0.1).astype(np.float32)
    return case(nodes, x, w=w, s=s, b=b, m=m, v=var, w2=weights(32, 64, 3, 3))


def _normalized(op: str, inputs: Sequence[str], **attributes: Any) -> Case:
    """Slopes of two sizes: outputs of the channels are as different."""
    r = generator()
    g = np.r_[r.uniform(500, 900, 16), r.uniform(1e-4, 3e-4, 16)].astype(np.float32)
    nodes = [node("Conv", ["x", "w0"], ["c"]), node(op, ["c", *inputs], ["y"], **attributes)]
    x = r.standard_normal((32, 3, 6, 6)).astype(np.float32)
    constants = {"g": g, "b": (g * r.normal(0, 0.3, 32)).astype(np.float32), "gc": g[:, None, None]}
    kept = {name: v for name, v in constants.items() if name in inputs}
    return case(nodes, x, w0=weights(32, 3, 1, 1), **kept)


def slopes_of_instances() -> Case:
    return _normalized("InstanceNormalization", ["g", "b"])


def slopes_of_groups() -> Case:
    return _normalized("GroupNormalization", ["g", "b"], num_groups=4)


def slopes_of_prelu() -> Case:
    return _normalized("PRelu", ["gc"])


def slopes_of_a_factor() -> Case:
    return _normalized("Mul", ["gc"])


def rows_of_tiny_embeddings() -> Case:
    """Rows of very different sizes, each normalized."""
    r = generator()
    table = weights(200, 64) * np.exp(r.normal(0, 4, (200, 1)))
    nodes = [
        node("Gather", ["table", "x"], ["e"]),
        node("LayerNormalization", ["e", "g"], ["z"], axis=-1, epsilon=0.0),
        node("MatMul", ["z", "w"], ["y"]),
    ]
    x = np.arange(64).reshape(64, 1)
    return case(nodes, x, table=table.astype(np.float32), g=np.ones(64, np.float32), w=weights(64, 32))


def rows_of_tiny_embeddings_by_length() -> Case:
    """Rows of very different sizes, each divided by its length."""
    r = generator()
    table = weights(200, 64) * np.exp(r.normal(0, 4, (200, 1)))
    nodes = [
        node("Gather", ["table", "x"], ["e"]),
        node("LpNormalization", ["e"], ["z"], axis=-1),
        node("MatMul", ["z", "w"], ["y"]),
    ]
    return case(nodes, np.arange(64).reshape(64, 1), table=table.astype(np.float32), w=weights(64, 32))


def quantized_scales() -> Case:
    """A weight of integers whose rows have scales of very different sizes."""
    r = generator()
    s = np.exp(r.normal(-4, 3, 64)).astype(np.float32)
    q = r.integers(-127, 128, (64, 64)).astype(np.int8)
    nodes = [
        node("DequantizeLinear", ["q", "s"], ["w"], axis=0),
        node("Gemm", ["x", "w"], ["h"], transB=1),
        node("Div", ["h", "s"], ["y"]),
    ]
    return case(nodes, r.standard_normal((32, 64)).astype(np.float32), q=q, s=s)


def integer_products_with_scales() -> Case:
    r = generator()
    s = np.exp(r.normal(-4, 3, 64)).astype(np.float32)
    nodes = [
        node("DynamicQuantizeLinear", ["x"], ["xq", "xs", "xz"]),
        node("MatMulInteger", ["xq", "q", "xz"], ["i"]),
        node("Cast", ["i"], ["f"], to=1),
        node("Mul", ["xs", "s"], ["ss"]),
        node("Mul", ["f", "ss"], ["h"]),
        node("Div", ["h", "s2"], ["y"]),
    ]
    q = r.integers(-127, 128, (64, 64)).astype(np.int8)
    return case(nodes, r.standard_normal((32, 64)).astype(np.float32), q=q, s=s, s2=s * 2)


NORMALIZED: list[Callable[[], Case]] = [
    half_precision_variances,
    variances_of_two_kinds,
    slopes_of_instances,
    slopes_of_groups,
    slopes_of_prelu,
    slopes_of_a_factor,
    rows_of_tiny_embeddings,
    rows_of_tiny_embeddings_by_length,
    quantized_scales,
    integer_products_with_scales,
]
"""Outputs are as close as the quality says, each relative to itself."""
ROWS: list[Callable[[], Case]] = [
    rows_of_tiny_embeddings,
    rows_of_tiny_embeddings_by_length,
]
"""Rows of tables are looked up and normalized."""

"""Small models whose constants are data: thresholds, choices, keys, grids, trees, integers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tests.constant_models import OPSETS, Case, case, generator, node, value, weights


def thresholds() -> Case:
    x = generator().standard_normal((32, 64)).astype(np.float32)
    return case([node("Less", ["x", "t"], ["b"]), node("Where", ["b", "x", "t"], ["y"])], x, t=x[7] + x[8])


def thresholds_by_cast() -> Case:
    x = np.round(generator().uniform(0, 9, (32, 64)), 1).astype(np.float32)
    nodes = [
        node("Cast", ["t"], ["c"], to=1),
        node("Identity", ["c"], ["d"]),
        node("Equal", ["x", "d"], ["y"]),
    ]
    return case(nodes, x, t=x[3].astype(np.float64))


def thresholds_looked_up() -> Case:
    x = generator().standard_normal((32, 64)).astype(np.float32)
    nodes = [
        node("Gather", ["t", "i"], ["row"]),
        node("Squeeze", ["row"], ["s"]),
        node("GreaterOrEqual", ["x", "s"], ["y"]),
    ]
    return case(nodes, x, t=x[:8].copy(), i=np.array([3]))


def thresholds_in_a_function() -> Case:
    body = [node("Transpose", ["t"], ["u"], perm=[1, 0]), node("Less", ["a", "u"], ["o"])]
    function = helper.make_function("own", "Below", ["a", "t"], ["o"], body, OPSETS[:1])
    x = generator().standard_normal((32, 64)).astype(np.float32)
    return case([node("Below", ["x", "t"], ["y"], domain="own")], x, [function], t=x[3][:, None])


def thresholds_in_a_branch() -> Case:
    x = generator().standard_normal((32, 64)).astype(np.float32)

    def body(name: str) -> onnx.GraphProto:
        own = [numpy_helper.from_array(x[5], "t")]
        return helper.make_graph([node("Greater", ["x", "t"], [name])], name, [], [value(name, 9, None)], own)

    branch = node("If", ["yes"], ["y"], then_branch=body("a"), else_branch=body("b"))
    return case([branch], x, yes=np.array(True))


def thresholds_that_also_weigh() -> Case:
    """The same tensor as a layer's weights and as thresholds."""
    x = generator().standard_normal((32, 64)).astype(np.float32)
    nodes = [
        node("MatMul", ["x", "t"], ["m"]),
        node("Less", ["x", "t"], ["b"]),
        node("Where", ["b", "m", "m"], ["y"]),
    ]
    return case(nodes, x, t=weights(64, 64))


def choices() -> Case:
    x = generator().standard_normal((32, 64)).astype(np.float32)
    nodes = [node("Greater", ["x", "zero"], ["b"]), node("Where", ["b", "t", "u"], ["y"])]
    return case(
        nodes, x, t=weights(64, 1)[:, 0], u=weights(64, 1, seed=2)[:, 0], zero=np.array(0, np.float32)
    )


def buckets() -> Case:
    """Numbers of bins, which rows of a table are looked up with."""
    x = generator().uniform(0, 100, (32, 64)).astype(np.float32)
    nodes = [
        node("Div", ["x", "width"], ["d"]),
        node("Floor", ["d"], ["f"]),
        node("Cast", ["f"], ["i"], to=7),
        node("Mod", ["i", "count"], ["y"]),
    ]
    return case(nodes, x, width=generator().uniform(0.1, 3, 64).astype(np.float32), count=np.array(50))


def frequencies() -> Case:
    """Angles of rotary positions."""
    x = np.arange(4000, 4032, dtype=np.float32)[:, None]
    nodes = [node("Mul", ["x", "f"], ["a"]), node("Sin", ["a"], ["y"])]
    return case(nodes, x, f=(10000.0 ** (-np.arange(64) / 64)).astype(np.float32))


def frequencies_by_product() -> Case:
    x = np.arange(4000, 4032, dtype=np.float32)[:, None]
    nodes = [node("MatMul", ["x", "f"], ["a"]), node("Cos", ["a"], ["y"])]
    return case(nodes, x, f=(10000.0 ** (-np.arange(64) / 64)).astype(np.float32)[None])


def sampling_grid() -> Case:
    x = generator().standard_normal((8, 1, 9, 9)).astype(np.float32)
    grid = generator().uniform(-1, 1, (1, 9, 9, 2)).astype(np.float32)
    return case([node("GridSample", ["x", "grid"], ["y"], mode="nearest")], x, grid=grid)


def regions() -> Case:
    x = generator().standard_normal((4, 1, 16, 16)).astype(np.float32)
    corners = np.sort(generator().uniform(0, 15, (20, 2, 2)), axis=1).reshape(20, 4).astype(np.float32)
    align = node("RoiAlign", ["x", "rois", "i"], ["y"], output_height=2, output_width=2)
    return case([align], x, rois=corners, i=np.zeros(20, np.int64))


def boxes() -> Case:
    r = generator()
    corner = r.uniform(0, 1, (1, 40, 2))
    found = np.concatenate([corner, corner + 0.3], axis=2).astype(np.float32)
    nodes = [node("NonMaxSuppression", ["boxes", "x", "most", "iou"], ["y"])]
    x = r.random((8, 1, 40)).astype(np.float32)
    return case(nodes, x, boxes=found, most=np.array([9]), iou=np.array([0.5], np.float32))


def labels() -> Case:
    r = generator()
    keys = np.round(r.uniform(0, 100, 64), 2).astype(np.float32)
    encode = node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml",
                  keys_tensor=numpy_helper.from_array(keys),
                  values_tensor=numpy_helper.from_array(np.arange(64)),
                  default_tensor=numpy_helper.from_array(np.array([-1])))  # fmt: skip
    return case([encode], r.choice(keys, (32, 5)))


def labels_of_floats() -> Case:
    r = generator()
    values = r.standard_normal(64).astype(np.float32)
    encode = node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml",
                  keys_tensor=numpy_helper.from_array(np.arange(64)),
                  values_tensor=numpy_helper.from_array(values),
                  default_tensor=numpy_helper.from_array(np.array([-1], np.float32)))  # fmt: skip
    return case([encode], r.integers(0, 64, (32, 5)))


def trees() -> Case:
    r = generator()
    x = np.c_[r.uniform(0, 1, (40, 5)), r.uniform(1000, 2000, (40, 5))]
    inner, leaves, count = 7, 8, 20
    features = r.integers(0, 10, count * inner)
    splits = np.array([r.choice(x[:, f]) for f in features]) + 1e-6
    children: list[list[int]] = [[], []]
    for tree in range(count):
        for i in range(inner):
            base = tree * leaves - inner if 2 * i + 1 >= inner else tree * inner
            for side in (0, 1):
                children[side].append(base + 2 * i + 1 + side)
    at_leaf = [int(2 * (i % inner) + 1 >= inner) for i in range(count * inner)]
    tensor = numpy_helper.from_array
    ensemble = node(
        "TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", aggregate_function=1, n_targets=1,
        tree_roots=[tree * inner for tree in range(count)], nodes_featureids=features.tolist(),
        nodes_splits=tensor(splits), nodes_modes=tensor(np.zeros(count * inner, np.uint8)),
        nodes_truenodeids=children[0], nodes_falsenodeids=children[1], nodes_trueleafs=at_leaf,
        nodes_falseleafs=at_leaf, leaf_targetids=[0] * (count * leaves),
        leaf_weights=tensor(r.standard_normal(count * leaves)),
    )  # fmt: skip
    return case([ensemble], x)


def integers_with_the_bytes_of_weights() -> Case:
    """The integers have the bytes of weights of a layer."""
    w = weights(64, 64)
    nodes = [
        node("MatMul", ["x", "w"], ["m"]),
        node("Shape", ["m"], ["s"]),
        node("BitwiseXor", ["i", "j"], ["y"]),
    ]
    return case(
        nodes,
        generator().standard_normal((4, 64)).astype(np.float32),
        w=w,
        i=w.view(np.int32),
        j=np.array([5], np.int32),
    )


SAME: list[Callable[[], Case]] = [
    thresholds,
    thresholds_by_cast,
    thresholds_looked_up,
    thresholds_in_a_function,
    thresholds_in_a_branch,
    thresholds_that_also_weigh,
    choices,
    buckets,
    frequencies,
    frequencies_by_product,
    sampling_grid,
    regions,
    boxes,
    labels,
    labels_of_floats,
    trees,
    integers_with_the_bytes_of_weights,
]
"""Outputs are the same."""

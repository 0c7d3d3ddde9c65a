"""Small models whose constants are data rather than weights, or weights of very different sizes, with samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

node, value = helper.make_node, helper.make_tensor_value_info
Array = NDArray[Any]
Case = tuple[onnx.ModelProto, list[dict[str, Array]]]
OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5), helper.make_opsetid("own", 1)]
COLUMNS = 32


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def weights(*shape: int, seed: int = 1) -> NDArray[np.float32]:
    fan = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
    return (np.random.default_rng(seed).standard_normal(shape) / np.sqrt(fan)).astype(np.float32)


def case(
    nodes: Sequence[onnx.NodeProto],
    x: Array,
    functions: Sequence[onnx.FunctionProto] = (),
    **constants: Array | onnx.TensorProto,
) -> Case:
    """Return a model from x to y, with each row of `x` as a sample."""
    dims = ["n", *x.shape[1:]]
    kind = helper.np_dtype_to_tensor_dtype(x.dtype)
    initializers = [
        c if isinstance(c, onnx.TensorProto) else numpy_helper.from_array(c, name)
        for name, c in constants.items()
    ]
    graph = helper.make_graph(
        nodes, "g", [value("x", kind, dims)], [onnx.ValueInfoProto(name="y")], initializers
    )
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=10, functions=functions)
    return model, [{"x": row[None]} for row in x]


def columns() -> dict[str, NDArray[np.float32]]:
    """Return means and deviations of columns, half about a million and half about a hundredth, and rows."""
    r = random()
    half = COLUMNS // 2
    mean = np.r_[r.uniform(1e6, 3e6, half), r.uniform(0.01, 0.03, half)]
    std = np.r_[r.uniform(5e5, 1e6, half), r.uniform(0.005, 0.01, half)]
    x = mean + std * r.standard_normal((64, COLUMNS))
    return {name: v.astype(np.float32) for name, v in {"mean": mean, "std": std, "x": x}.items()}


def network(source: str = "z", width: int = COLUMNS) -> tuple[list[onnx.NodeProto], dict[str, Array]]:
    """Return two dense layers from `source` to y."""
    nodes = [
        node("MatMul", [source, "w1"], ["h"]),
        node("Relu", ["h"], ["r"]),
        node("MatMul", ["r", "w2"], ["y"]),
    ]
    return nodes, {"w1": weights(width, 128), "w2": weights(128, 4)}


def scaled(front: Sequence[onnx.NodeProto], functions: Sequence[onnx.FunctionProto] = (), **more: Any) -> Case:
    """Return a network after nodes that make z from x, mean and std."""
    c = columns()
    nodes, constants = network()
    given: dict[str, Any] = {"mean": c["mean"], "std": c["std"]} | more
    used = {name for n in front for name in n.input} | {"then", "else"}
    inside = {name for n in front for a in n.attribute for m in a.g.node for name in m.input}
    kept = {name: v for name, v in given.items() if name in used | inside}
    return case([*front, *nodes], c["x"], functions, **kept, **constants)


SUB, DIV = node("Sub", ["x", "mean"], ["c"]), node("Div", ["c", "std"], ["z"])


def scaler() -> Case:
    return scaled([SUB, DIV])


def scaler_that_multiplies() -> Case:
    return scaled([SUB, node("Mul", ["c", "k"], ["z"])], k=1 / columns()["std"])


def scaler_by_reciprocal() -> Case:
    return scaled([SUB, node("Reciprocal", ["std"], ["k"]), node("Mul", ["k", "c"], ["z"])])


def scaler_by_root_of_variances() -> Case:
    root = [node("Add", ["v", "e"], ["ve"]), node("Sqrt", ["ve"], ["s"]), node("Div", ["c", "s"], ["z"])]
    return scaled([SUB, *root], v=columns()["std"] ** 2, e=np.float32([1e-12]))


def scaler_by_power() -> Case:
    power = [node("Pow", ["v", "half"], ["s"]), node("Div", ["c", "s"], ["z"])]
    return scaled([SUB, *power], v=columns()["std"] ** 2, half=np.float32(0.5))


def scaler_by_exponential() -> Case:
    front = [SUB, node("Exp", ["l"], ["s"]), node("Div", ["c", "s"], ["z"])]
    return scaled(front, l=np.log(columns()["std"]))


def scaler_in_other_shapes() -> Case:
    shape = [node("Unsqueeze", ["std", "zero"], ["s1"]), node("Identity", ["s1"], ["s2"])]
    return scaled([SUB, *shape, node("Div", ["c", "s2"], ["z"])], zero=np.array([0]))


def scaler_by_casts() -> Case:
    c = columns()
    cast = [node("Cast", ["std64"], ["s"], to=1), node("Div", ["c", "s"], ["z"])]
    return scaled([SUB, *cast], std64=c["std"].astype(np.float64))


def scaler_from_parts() -> Case:
    std = columns()["std"]
    join = [node("Concat", ["a", "b"], ["s"], axis=0), node("Div", ["c", "s"], ["z"])]
    return scaled([SUB, *join], a=std[:16].copy(), b=std[16:].copy())


def scaler_from_a_slice() -> Case:
    both = np.concatenate([columns()["mean"], columns()["std"]])
    cut = node("Split", ["both"], ["m", "s"], num_outputs=2)
    return scaled([cut, node("Sub", ["x", "m"], ["c"]), node("Div", ["c", "s"], ["z"])], both=both)


def scaler_in_a_function() -> Case:
    body = [node("Sub", ["a", "m"], ["c"]), node("Div", ["c", "s"], ["o"])]
    function = helper.make_function("own", "Scale", ["a", "m", "s"], ["o"], body, OPSETS[:1])
    return scaled([node("Scale", ["x", "mean", "std"], ["z"], domain="own")], [function])


def scaler_within_a_function() -> Case:
    """The constants stand in the function itself."""
    c = columns()
    body = [
        node("Constant", [], ["m"], value=numpy_helper.from_array(c["mean"])),
        node("Constant", [], ["s"], value=numpy_helper.from_array(c["std"])),
        node("Sub", ["a", "m"], ["c"]),
        node("Div", ["c", "s"], ["o"]),
    ]
    function = helper.make_function("own", "Scale", ["a"], ["o"], body, OPSETS[:1])
    return scaled([node("Scale", ["x"], ["z"], domain="own")], [function])


def scaler_in_a_branch() -> Case:
    def body(name: str) -> onnx.GraphProto:
        nodes = [node("Sub", ["x", "mean"], ["c"]), node("Div", ["c", "std"], [name])]
        return helper.make_graph(nodes, name, [], [value(name, 1, None)])

    branch = node("If", ["yes"], ["z"], then_branch=body("a"), else_branch=body("b"))
    return scaled([branch], yes=np.array(True))


def scaler_within_a_branch() -> Case:
    c = columns()

    def body(name: str) -> onnx.GraphProto:
        nodes = [node("Sub", ["x", "m"], ["c"]), node("Div", ["c", "s"], [name])]
        own = [numpy_helper.from_array(c["mean"], "m"), numpy_helper.from_array(c["std"], "s")]
        return helper.make_graph(nodes, name, [], [value(name, 1, None)], own)

    branch = node("If", ["yes"], ["z"], then_branch=body("a"), else_branch=body("b"))
    return scaled([branch], yes=np.array(True))


def scaler_of_far_means() -> Case:
    """Years: the mean is hundreds of times the deviation."""
    r = random()
    mean, std = r.uniform(1900, 2100, COLUMNS), r.uniform(1, 9, COLUMNS)
    x = (mean + std * r.standard_normal((64, COLUMNS))).astype(np.float32)
    nodes, constants = network()
    return case([SUB, DIV, *nodes], x, mean=np.float32(mean), std=np.float32(std), **constants)


def scaler_that_adds_first() -> Case:
    """Far means with their sign turned, after the division: x / std + shift."""
    r = random()
    mean, std = r.uniform(1900, 2100, COLUMNS), r.uniform(1, 9, COLUMNS)
    x = (mean + std * r.standard_normal((64, COLUMNS))).astype(np.float32)
    nodes, constants = network()
    front = [node("Mul", ["x", "k"], ["m"]), node("Add", ["m", "shift"], ["z"])]
    return case([*front, *nodes], x, k=np.float32(1 / std), shift=np.float32(-mean / std), **constants)


def scaler_by_batch_normalization() -> Case:
    """Far means as the running means of a normalization of the input."""
    r = random()
    mean, std = r.uniform(1900, 2100, COLUMNS), r.uniform(1, 9, COLUMNS)
    x = (mean + std * r.standard_normal((64, COLUMNS))).astype(np.float32)
    nodes, constants = network()
    front = node("BatchNormalization", ["x", "one", "zero", "mean", "var"], ["z"])
    ones = np.ones(COLUMNS, np.float32)
    more = {"one": ones * 1.5, "zero": ones * 0.5, "mean": np.float32(mean), "var": np.float32(std**2)}
    return case([front, *nodes], x, **more, **constants)


def half_precision_variances() -> Case:
    r = random()
    var = np.exp(r.normal(-3, 3, 48)).astype(np.float16)
    w = (weights(48, 3, 3, 3) * np.sqrt(var.astype(np.float32))[:, None, None, None]).astype(np.float16)
    front = node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], epsilon=1e-6)
    nodes = [node("Conv", ["x", "w"], ["c"]), front, node("Relu", ["n"], ["a"]), node("Conv", ["a", "w2"], ["y"])]
    x = r.standard_normal((32, 3, 8, 8)).astype(np.float16)
    s, b = (r.uniform(0.5, 1.5, 48).astype(np.float16) for _ in range(2))
    return case(nodes, x, w=w, s=s, b=b, m=b * 0, v=var, w2=weights(16, 48, 3, 3).astype(np.float16))


def variances_of_two_kinds() -> Case:
    r = random()
    w = weights(64, 3, 3, 3)
    w[40:] *= 0.006
    var = (np.square(w).sum((1, 2, 3)) * 36).astype(np.float32)
    normal = node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], epsilon=1e-5)
    nodes = [node("Conv", ["x", "w"], ["c"]), normal, node("Relu", ["n"], ["a"]), node("Conv", ["a", "w2"], ["y"])]
    x = r.standard_normal((32, 3, 8, 8)).astype(np.float32) * 6
    s, b = r.uniform(0.5, 1.5, 64).astype(np.float32), r.normal(0, 0.1, 64).astype(np.float32)
    m = (r.standard_normal(64) * np.sqrt(var) * 0.1).astype(np.float32)
    return case(nodes, x, w=w, s=s, b=b, m=m, v=var, w2=weights(32, 64, 3, 3))


def _normalized(op: str, inputs: Sequence[str], **attributes: Any) -> Case:
    """Slopes of two sizes: outputs of the channels are as different."""
    r = random()
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
    r = random()
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
    r = random()
    table = weights(200, 64) * np.exp(r.normal(0, 4, (200, 1)))
    nodes = [
        node("Gather", ["table", "x"], ["e"]),
        node("LpNormalization", ["e"], ["z"], axis=-1),
        node("MatMul", ["z", "w"], ["y"]),
    ]
    return case(nodes, np.arange(64).reshape(64, 1), table=table.astype(np.float32), w=weights(64, 32))


def quantized_scales() -> Case:
    """A weight of integers whose rows have scales of very different sizes."""
    r = random()
    s = np.exp(r.normal(-4, 3, 64)).astype(np.float32)
    q = r.integers(-127, 128, (64, 64)).astype(np.int8)
    nodes = [
        node("DequantizeLinear", ["q", "s"], ["w"], axis=0),
        node("Gemm", ["x", "w"], ["h"], transB=1),
        node("Div", ["h", "s"], ["y"]),
    ]
    return case(nodes, r.standard_normal((32, 64)).astype(np.float32), q=q, s=s)


def integer_products_with_scales() -> Case:
    r = random()
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


def thresholds() -> Case:
    x = random().standard_normal((32, 64)).astype(np.float32)
    return case([node("Less", ["x", "t"], ["b"]), node("Where", ["b", "x", "t"], ["y"])], x, t=x[7] + x[8])


def thresholds_by_cast() -> Case:
    x = np.round(random().uniform(0, 9, (32, 64)), 1).astype(np.float32)
    nodes = [node("Cast", ["t"], ["c"], to=1), node("Identity", ["c"], ["d"]), node("Equal", ["x", "d"], ["y"])]
    return case(nodes, x, t=x[3].astype(np.float64))


def thresholds_looked_up() -> Case:
    x = random().standard_normal((32, 64)).astype(np.float32)
    nodes = [
        node("Gather", ["t", "i"], ["row"]),
        node("Squeeze", ["row"], ["s"]),
        node("GreaterOrEqual", ["x", "s"], ["y"]),
    ]
    return case(nodes, x, t=x[:8].copy(), i=np.array([3]))


def thresholds_in_a_function() -> Case:
    body = [node("Transpose", ["t"], ["u"], perm=[1, 0]), node("Less", ["a", "u"], ["o"])]
    function = helper.make_function("own", "Below", ["a", "t"], ["o"], body, OPSETS[:1])
    x = random().standard_normal((32, 64)).astype(np.float32)
    return case([node("Below", ["x", "t"], ["y"], domain="own")], x, [function], t=x[3][:, None])


def thresholds_in_a_branch() -> Case:
    x = random().standard_normal((32, 64)).astype(np.float32)

    def body(name: str) -> onnx.GraphProto:
        own = [numpy_helper.from_array(x[5], "t")]
        return helper.make_graph([node("Greater", ["x", "t"], [name])], name, [], [value(name, 9, None)], own)

    branch = node("If", ["yes"], ["y"], then_branch=body("a"), else_branch=body("b"))
    return case([branch], x, yes=np.array(True))


def thresholds_that_also_weigh() -> Case:
    """The same tensor as a layer's weights and as thresholds."""
    x = random().standard_normal((32, 64)).astype(np.float32)
    nodes = [node("MatMul", ["x", "t"], ["m"]), node("Less", ["m", "t"], ["y"])]
    return case(nodes[:1] + [node("Less", ["x", "t"], ["b"]), node("Where", ["b", "m", "m"], ["y"])],
                x, t=weights(64, 64))  # fmt: skip


def choices() -> Case:
    x = random().standard_normal((32, 64)).astype(np.float32)
    nodes = [node("Greater", ["x", "zero"], ["b"]), node("Where", ["b", "t", "u"], ["y"])]
    return case(nodes, x, t=weights(64, 1)[:, 0], u=weights(64, 1, seed=2)[:, 0], zero=np.float32(0))


def buckets() -> Case:
    """Numbers of bins, which rows of a table are looked up with."""
    x = random().uniform(0, 100, (32, 64)).astype(np.float32)
    nodes = [
        node("Div", ["x", "width"], ["d"]),
        node("Floor", ["d"], ["f"]),
        node("Cast", ["f"], ["i"], to=7),
        node("Mod", ["i", "count"], ["y"]),
    ]
    return case(nodes, x, width=random().uniform(0.1, 3, 64).astype(np.float32), count=np.array(50))


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
    x = random().standard_normal((8, 1, 9, 9)).astype(np.float32)
    grid = random().uniform(-1, 1, (1, 9, 9, 2)).astype(np.float32)
    return case([node("GridSample", ["x", "grid"], ["y"], mode="nearest")], x, grid=grid)


def regions() -> Case:
    x = random().standard_normal((4, 1, 16, 16)).astype(np.float32)
    corners = np.sort(random().uniform(0, 15, (20, 2, 2)), axis=1).reshape(20, 4).astype(np.float32)
    node_ = node("RoiAlign", ["x", "rois", "i"], ["y"], output_height=2, output_width=2)
    return case([node_], x, rois=corners, i=np.zeros(20, np.int64))


def boxes() -> Case:
    r = random()
    corner = r.uniform(0, 1, (1, 40, 2))
    found = np.concatenate([corner, corner + 0.3], axis=2).astype(np.float32)
    nodes = [node("NonMaxSuppression", ["boxes", "x", "most", "iou"], ["y"])]
    x = r.random((8, 1, 40)).astype(np.float32)
    return case(nodes, x, boxes=found, most=np.array([9]), iou=np.float32([0.5]))


def labels() -> Case:
    r = random()
    keys = np.round(r.uniform(0, 100, 64), 2).astype(np.float32)
    encode = node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", keys_tensor=numpy_helper.from_array(keys),
                  values_tensor=numpy_helper.from_array(np.arange(64)),
                  default_tensor=numpy_helper.from_array(np.array([-1])))  # fmt: skip
    return case([encode], r.choice(keys, (32, 5)))


def labels_of_floats() -> Case:
    r = random()
    values = r.standard_normal(64).astype(np.float32)
    encode = node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml",
                  keys_tensor=numpy_helper.from_array(np.arange(64)),
                  values_tensor=numpy_helper.from_array(values),
                  default_tensor=numpy_helper.from_array(np.float32([-1])))  # fmt: skip
    return case([encode], r.integers(0, 64, (32, 5)))


def trees() -> Case:
    r = random()
    x = np.c_[r.uniform(0, 1, (40, 5)), r.uniform(1000, 2000, (40, 5))]
    inner, leaves, count = 7, 8, 20
    features = r.integers(0, 10, count * inner)
    splits = np.array([r.choice(x[:, f]) for f in features]) + 1e-6
    children = [[], []]  # type: list[list[int]]
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
    return case(nodes, random().standard_normal((4, 64)).astype(np.float32), w=w, i=w.view(np.int32), j=np.int32([5]))


def _chosen(*names: str) -> list[Callable[[], Case]]:
    return [f for name, f in globals().items() if name.startswith(names) and callable(f)]


CLOSE = _chosen("scaler", "half_", "variances", "slopes", "rows", "quantized", "integer_")
"""Outputs are as close as the quality says, each relative to itself."""
SAME = _chosen(
    *("thresholds", "choices", "buckets", "frequencies", "sampling", "regions", "boxes", "labels", "trees"),
    "integers_",
)
"""Outputs are the same."""

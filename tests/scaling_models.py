"""Small models that bring their inputs to one size, by factors of very different size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tests.constant_models import OPSETS, Array, Case, case, generator, node, value, weights

COLUMNS = 32


def columns() -> dict[str, NDArray[np.float32]]:
    """Return means and deviations of columns, half about a million and half about a hundredth, and rows."""
    r = generator()
    half = COLUMNS // 2
    mean = np.r_[r.uniform(1e6, 3e6, half), r.uniform(0.01, 0.03, half)]
    std = np.r_[r.uniform(5e5, 1e6, half), r.uniform(0.005, 0.01, half)]
    x = mean + std * r.standard_normal((64, COLUMNS))
    return {name: v.astype(np.float32) for name, v in {"mean": mean, "std": std, "x": x}.items()}


def network(source: str = "z", width: int = COLUMNS) -> tuple[list[onnx.NodeProto], dict[str, Any]]:
    """Return two dense layers from `source` to y."""
    nodes = [
        node("MatMul", [source, "w1"], ["h"]),
        node("Relu", ["h"], ["r"]),
        node("MatMul", ["r", "w2"], ["y"]),
    ]
    return nodes, {"w1": weights(width, 128), "w2": weights(128, 4)}


def scaled(
    front: Sequence[onnx.NodeProto], functions: Sequence[onnx.FunctionProto] = (), **more: Array
) -> Case:
    """Return a network after nodes that make z from x, mean and std."""
    c = columns()
    nodes, constants = network()
    given: dict[str, Array] = {"mean": c["mean"], "std": c["std"]} | more
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
    return scaled([SUB, *root], v=columns()["std"] ** 2, e=np.array([1e-12], np.float32))


def scaler_by_power() -> Case:
    power = [node("Pow", ["v", "half"], ["s"]), node("Div", ["c", "s"], ["z"])]
    return scaled([SUB, *power], v=columns()["std"] ** 2, half=np.array(0.5, np.float32))


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
    r = generator()
    mean, std = r.uniform(1900, 2100, COLUMNS), r.uniform(1, 9, COLUMNS)
    x = (mean + std * r.standard_normal((64, COLUMNS))).astype(np.float32)
    nodes, constants = network()
    return case([SUB, DIV, *nodes], x, mean=mean.astype(np.float32), std=std.astype(np.float32), **constants)


def scaler_that_adds_first() -> Case:
    """Far means with their sign turned, after the division: x / std + shift."""
    r = generator()
    mean, std = r.uniform(1900, 2100, COLUMNS), r.uniform(1, 9, COLUMNS)
    x = (mean + std * r.standard_normal((64, COLUMNS))).astype(np.float32)
    nodes, constants = network()
    front = [node("Mul", ["x", "k"], ["m"]), node("Add", ["m", "shift"], ["z"])]
    return case(
        [*front, *nodes],
        x,
        k=(1 / std).astype(np.float32),
        shift=(-mean / std).astype(np.float32),
        **constants,
    )


def scaler_by_batch_normalization() -> Case:
    """Far means as the running means of a normalization of the input."""
    r = generator()
    mean, std = r.uniform(1900, 2100, COLUMNS), r.uniform(1, 9, COLUMNS)
    x = (mean + std * r.standard_normal((64, COLUMNS))).astype(np.float32)
    nodes, constants = network()
    front = node("BatchNormalization", ["x", "one", "zero", "mean", "var"], ["z"])
    ones = np.ones(COLUMNS, np.float32)
    more: dict[str, Any] = {
        "one": ones * 1.5,
        "zero": ones * 0.5,
        "mean": mean.astype(np.float32),
        "var": (std**2).astype(np.float32),
    }
    return case([front, *nodes], x, **more, **constants)


SCALERS: list[Callable[[], Case]] = [
    scaler,
    scaler_that_multiplies,
    scaler_by_reciprocal,
    scaler_by_root_of_variances,
    scaler_by_power,
    scaler_by_exponential,
    scaler_in_other_shapes,
    scaler_by_casts,
    scaler_from_parts,
    scaler_from_a_slice,
    scaler_in_a_function,
    scaler_within_a_function,
    scaler_in_a_branch,
    scaler_within_a_branch,
    scaler_of_far_means,
    scaler_that_adds_first,
    scaler_by_batch_normalization,
]
"""Outputs are as close as the quality says, each relative to itself."""

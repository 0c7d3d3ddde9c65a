"""Second moments predict the power of every layer's outputs, for any weights and any kind of layer.

The outputs are linear in the weights E, so that their mean square over all positions is
trace(E H E^T) / rows: onnxruntime's own outputs with random weights say whether H is right, in the order of
the matrix's columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from networks import model_of
from numpy.typing import NDArray
from onnx import helper

from codec.encoder.calibration.collect import collect
from codec.encoder.calibration.layers import Along
from codec.encoder.calibration.samples import Samples, load_samples
from codec.encoder.calibration.session import Network
from codec.encoder.calibration.statistics import TensorStatistics
from codec.encoder.roles import find_roles
from codec.format.onnx_tensor import Path

Array = NDArray[Any]
W: Path = ("graph", "initializer", 0)


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0.3, 1, shape).astype(np.float32)


def layer(
    operator: str, w: Array, x: tuple[int, ...], *, left: bool = False, **chosen: Any
) -> onnx.ModelProto:
    """Return a model of one operator, its weights the first initializer."""
    names = ["w", "x"] if left else ["x", "w"]
    transposed = chosen.pop("permuted", None)
    nodes = []
    if transposed is not None:
        nodes.append(helper.make_node("Transpose", ["w"], ["seen"], perm=transposed))
        names[names.index("w")] = "seen"
    nodes.append(helper.make_node(operator, names, ["y"], **chosen))
    return model_of(nodes, {"w": w}, {"x": x}, {"y": ()})


def untyped(model: onnx.ModelProto) -> Network:
    for output in model.graph.output:
        output.ClearField("type")
    return Network(model.SerializeToString())


def samples_for(network: Network, count: int = 3) -> Samples:
    return load_samples(
        [
            {
                entry.name: normal(*(size or 1 for size in entry.shape or ()), seed=seed + 1)
                for entry in network.inputs
            }
            for seed in range(count)
        ],
        network.inputs,
    )


def check_output_power(network: Network, samples: Samples, found: TensorStatistics) -> None:
    """Compare with the mean square of onnxruntime's outputs for random weights."""
    for seed in range(4):
        weights = normal(*network.constants["w"].shape, seed=seed + 50)
        outputs = network.session(replaced={"w": weights}).run_all(samples)
        power = np.concatenate([y[0].astype(np.float64).ravel() ** 2 for y in outputs]).sum()
        predicted = found.output_power(found.view.to_coded(weights.ravel()))
        vectors = found.positions * found.images
        assert predicted * vectors * found.view.rows == pytest.approx(power, rel=1e-4), seed


CONVOLUTIONS = {
    "1-D": layer("Conv", normal(5, 4, 3), (2, 4, 9)),
    "2-D": layer("Conv", normal(5, 4, 3, 2), (1, 4, 6, 7), pads=[1, 0, 2, 1], strides=[2, 1]),
    "3-D": layer(
        "Conv", normal(3, 2, 2, 3, 1), (1, 2, 4, 5, 3), dilations=[1, 2, 1], pads=[0, 1, 0, 0, 1, 0],
    ),
    "groups": layer("Conv", normal(6, 2, 3, 3), (1, 6, 5, 5), group=3, pads=[1, 1, 1, 1]),
    "depthwise": layer("Conv", normal(6, 1, 3, 3), (1, 3, 6, 6), group=3, strides=[2, 2]),
    "same upper": layer("Conv", normal(4, 3, 4, 3), (1, 3, 7, 6), auto_pad="SAME_UPPER", strides=[2, 3]),
    "same lower": layer("Conv", normal(4, 3, 4, 3), (1, 3, 7, 6), auto_pad="SAME_LOWER", strides=[2, 3]),
    "valid": layer("Conv", normal(4, 3, 2, 2), (1, 3, 5, 5), auto_pad="VALID"),
    "permuted": layer("Conv", normal(3, 2, 4, 5), (1, 4, 6, 7), permuted=[3, 2, 0, 1]),
    "transposed 1-D": layer("ConvTranspose", normal(4, 3, 5), (1, 4, 6), strides=[2], pads=[2, 1]),
    "transposed 2-D": layer(
        "ConvTranspose", normal(4, 3, 3, 2), (1, 4, 5, 4), strides=[3, 2], pads=[1, 0, 0, 1],
        output_padding=[1, 1], dilations=[2, 1],
    ),
    "transposed groups": layer("ConvTranspose", normal(6, 2, 3, 3), (1, 6, 4, 4), group=3, strides=[2, 2]),
    "transposed depthwise": layer("ConvTranspose", normal(3, 1, 3, 3), (1, 3, 4, 4), group=3, strides=[2, 2]),
    "transposed same upper": layer(
        "ConvTranspose", normal(3, 2, 3), (1, 3, 4), strides=[2], auto_pad="SAME_UPPER",
    ),
    "transposed same lower": layer(
        "ConvTranspose", normal(3, 2, 3), (1, 3, 4), strides=[2], auto_pad="SAME_LOWER",
    ),
    "transposed shape": layer("ConvTranspose", normal(3, 2, 4), (1, 3, 4), strides=[2], output_shape=[9]),
    "transposed permuted": layer("ConvTranspose", normal(3, 3, 4, 5), (1, 4, 4, 4), permuted=[2, 3, 0, 1]),
}  # fmt: skip
PRODUCTS = {
    "right": layer("MatMul", normal(5, 4), (2, 3, 5)),
    "right, permuted": layer("MatMul", normal(4, 5), (2, 3, 5), permuted=[1, 0]),
    "right of a vector": layer("MatMul", normal(5, 4), (5,)),
    "left": layer("MatMul", normal(4, 5), (2, 5, 3), left=True),
    "left of a vector": layer("MatMul", normal(4, 5), (5,), left=True),
    "stack right": layer("MatMul", normal(3, 5, 4), (2, 3, 6, 5)),
    "stack left": layer("MatMul", normal(3, 4, 5), (3, 5, 6), left=True),
    "stack of one operand": layer("MatMul", normal(3, 5, 4), (6, 5)),
    "stack right, permuted": layer("MatMul", normal(3, 4, 5), (3, 6, 5), permuted=[0, 2, 1]),
    "gemm": layer("Gemm", normal(5, 4), (3, 5)),
    "gemm B^T": layer("Gemm", normal(4, 5), (3, 5), transB=1),
    "gemm A^T": layer("Gemm", normal(5, 4), (5, 3), transA=1),
    "gemm left": layer("Gemm", normal(4, 5), (5, 3), left=True),
    "gemm left^T": layer("Gemm", normal(5, 4), (3, 5), left=True, transA=1, transB=1),
}


@pytest.mark.parametrize("kind", CONVOLUTIONS | PRODUCTS)
def test_moments_predict_outputs(kind: str) -> None:
    model = (CONVOLUTIONS | PRODUCTS)[kind]
    network = untyped(model)
    samples = samples_for(network)
    statistics = collect(network, samples)
    found = statistics.tensors[W]
    assert not statistics.missing
    assert found.images == 3
    if "stack" not in kind:
        assert found.view == find_roles(model)[W].view
    check_output_power(network, samples, found)


def test_a_moment_is_that_of_im2col() -> None:
    network = untyped(layer("Conv", normal(2, 3, 2, 2), (1, 3, 4, 5)))
    samples = samples_for(network, 2)
    patches = np.array(
        [
            batch["x"][0, :, row : row + 2, column : column + 2].ravel()
            for batch in samples
            for row in range(3)
            for column in range(4)
        ],
        np.float64,
    )
    found = collect(network, samples).tensors[W]
    assert (found.vectors, found.positions, found.along) == (24, 12, Along.ROWS)
    assert np.allclose(found.moment[0], patches.T @ patches / 24, rtol=1e-5)
    assert np.allclose(found.mean[0], patches.mean(axis=0), rtol=1e-5)
    assert found.power == pytest.approx((patches**2).mean(), rel=1e-5)

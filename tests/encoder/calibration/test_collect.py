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
from nntc.encoder.calibration.collect import VECTORS, collect
from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.network.network import Network
from nntc.encoder.samples import Samples, load_samples
from nntc.onnx.roles import find_roles
from nntc.progress import Phase, ProgressEvent
from onnx import helper

from tests.encoder.calibration.models import V, W, layer, normal, samples_for, two_layers, untyped
from tests.networks import model_of


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
    "stack with an axis of one": layer("MatMul", normal(1, 2, 5, 4), (3, 1, 6, 5)),
    "stack with inner one": layer("MatMul", normal(2, 1, 5, 4), (2, 3, 6, 5)),
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


def test_results_do_not_depend_on_threads_nor_on_passes() -> None:
    network = two_layers()
    samples = samples_for(network, 9)
    steps: list[ProgressEvent] = []
    once = collect(network, samples)
    threads = collect(network, samples, jobs=3)
    passes = collect(network, samples, max_bytes=1, progress=steps.append)
    expected = [(Phase.CALIBRATING, done, 9, number, 2) for number in (1, 2) for done in range(10)]
    assert [(s.phase, s.done, s.total, s.number, s.passes) for s in steps] == expected
    for other in (threads, passes):
        assert other.tensors.keys() == once.tensors.keys() == {W, V}
        for path, found in other.tensors.items():
            assert np.array_equal(found.moment, once.tensors[path].moment)
            assert np.array_equal(found.mean, once.tensors[path].mean)


def test_large_maps_are_sampled_the_same_way_every_time() -> None:
    model = layer("Conv", normal(2, 3, 3, 3), (1, 3, 100, 120))
    network = untyped(model)
    samples = samples_for(network, 2)
    found, again = (collect(network, samples).tensors[W] for _ in range(2))
    assert (found.positions, found.vectors) == (98 * 118, VECTORS)
    assert np.array_equal(found.moment, again.moment)
    # Normal inputs: what is drawn is near to what is expected.
    assert found.power == pytest.approx(1 + 0.3**2, rel=0.05)


def test_equal_weights_share_what_all_their_uses_see() -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("MatMul", ["h", "w"], ["g"]),
        helper.make_node("MatMul", ["g", "copy"], ["y"]),
    ]
    w = normal(8, 8)
    network = untyped(model_of(nodes, {"w": w, "copy": w}, {"x": (2, 8)}, {"y": ()}))
    samples = samples_for(network)
    found = collect(network, samples).tensors
    assert found[W] is found[V]
    x = np.concatenate([batch["x"] for batch in samples])
    seen = np.concatenate([x, x @ w, x @ w @ w]).astype(np.float64)
    assert np.allclose(found[W].moment[0], seen.T @ seen / len(seen), rtol=1e-4)
    assert found[W].positions == 6


def test_what_has_no_statistics_has_a_reason() -> None:
    nothing = collect(two_layers(scale=0.0), samples_for(two_layers()))
    assert nothing.missing == {V: "its inputs are all zero"}
    huge = collect(two_layers(scale=1e30), samples_for(two_layers()))
    assert huge.missing == {V: "its inputs have values that are not finite, or too large"}
    nodes = [
        helper.make_node("Mul", ["x", "a"], ["y"]),
        helper.make_node("Reshape", ["b", "shape"], ["c"]),
        helper.make_node("MatMul", ["y", "c"], ["z"]),
    ]
    constants: dict[str, Any] = {name: normal(4, 4) + n for n, name in enumerate(("a", "b", "unused"))}
    constants["shape"] = np.array([4, 4])
    network = untyped(model_of(nodes, constants, {"x": (4, 4)}, {"z": ()}))
    assert list(collect(network, samples_for(network)).missing.values()) == [
        "it is input 1 of Mul",
        "its shape changes before it is used",
        "nothing uses it",
    ]


def test_dynamic_shapes_and_half_precision() -> None:
    model = layer("Conv", normal(3, 2, 3, 3).astype(np.float16), (1, 2, 8, 8))
    for value in model.graph.input:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
        for dimension in value.type.tensor_type.shape.dim:
            dimension.ClearField("dim_value")
            dimension.dim_param = "n"
    network = untyped(model)
    shapes = [(1, 2, 5, 9), (2, 2, 8, 3), (1, 2, 3, 3)]
    inputs = [{"x": normal(*shape, seed=seed).astype(np.float16)} for seed, shape in enumerate(shapes)]
    samples = load_samples(inputs, network.inputs)
    found = collect(network, samples).tensors[W]
    assert found.vectors == 3 * 7 + 2 * 6 + 1
    power = [y[0].astype(np.float64).ravel() ** 2 for y in network.session().run_all(samples)]
    weights = found.view.to_coded(network.constants["w"].ravel()).reshape(3, -1)
    assert found.output_power(weights) == pytest.approx(np.concatenate(power).mean(), rel=1e-2)


def test_weights_of_one_input_tell_about_it_together() -> None:
    # 24 inputs of 4 sources: 6 samples do not show their span, both layers' weights do.
    spread = normal(4, 24, seed=3)
    first, second = normal(30, 4, seed=4) @ spread, normal(20, 4, seed=5) @ spread
    nodes = [
        helper.make_node("MatMul", ["x", "spread"], ["h"]),
        helper.make_node("Gemm", ["h", "first"], ["y"], transB=1),
        helper.make_node("MatMul", ["h", "second"], ["z"]),
    ]
    constants = {"spread": spread, "first": first, "second": np.ascontiguousarray(second.T)}
    network = untyped(model_of(nodes, constants, {"x": (1, 4)}, {"y": (), "z": ()}))
    found = collect(network, samples_for(network, 6)).tensors
    known = [found[path] for path, name in network.names.items() if name != "spread"]
    assert len(known) == 2
    for tensor in known:
        assert tensor.cross_validated is not None
        assert tensor.cross_validated.prior_share > 0
        assert tensor.weight_prior is not None
        np.testing.assert_allclose(
            tensor.weight_prior[0], first.T @ first + second.T @ second, rtol=1e-4, atol=1e-3
        )
    many = collect(network, samples_for(network, 2000)).tensors
    assert all(tensor.weight_prior is None for tensor in many.values())

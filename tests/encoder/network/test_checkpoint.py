"""The rest of a network gives from any place what the whole network gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from nntc.encoder.network.checkpoint import Checkpoint
from nntc.encoder.network.network import Network
from nntc.encoder.samples import Samples, load_samples
from onnx import TensorProto, helper

from tests.networks import classifier, model_of


def images(network: Network, count: int = 3) -> Samples:
    rng = np.random.default_rng(1)
    return load_samples([{"image": rng.normal(size=(1, 3, 12, 12))} for _ in range(count)], network.inputs)


def branching() -> Network:
    """Return a network with a shortcut, a second input that is used late, and weights after a cast."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Cast", ["half"], ["w2"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["x", "w1"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w2"], ["c"]),
        helper.make_node("Add", ["c", "a"], ["d"]),
        helper.make_node("Mul", ["d", "late"], ["y"]),
    ]
    constants: dict[str, Any] = {
        "w1": rng.normal(size=(8, 8)).astype(np.float32),
        "half": rng.normal(size=(8, 8)).astype(np.float16),
    }
    model = model_of(nodes, constants, {"x": (1, 8), "late": (1, 8)}, {"y": (1, 8), "b": (1, 8)})
    return Network(model.SerializeToString())


def test_outputs_are_the_same_from_every_place() -> None:
    network = branching()
    rng = np.random.default_rng(2)
    samples = load_samples(
        [{"x": rng.normal(size=(1, 8)), "late": rng.normal(size=(1, 8))} for _ in range(3)], network.inputs
    )
    expected = list(network.session().run_all(samples))
    checkpoint = Checkpoint(network, samples)
    for place in range(6):
        checkpoint.advance(place)
        for found, whole in zip(checkpoint.run(), expected, strict=True):
            assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(found, whole, strict=True))


def test_changes_behind_the_place_have_their_effect() -> None:
    network = branching()
    rng = np.random.default_rng(2)
    samples = load_samples([{"x": rng.normal(size=(1, 8)), "late": np.ones((1, 8))}], network.inputs)
    new = {"half": rng.normal(size=(8, 8)).astype(np.float16)}
    expected = network.session(replaced=new).run(next(iter(samples)))[0]
    checkpoint = Checkpoint(network, samples)
    assert (checkpoint.first_use("w1"), checkpoint.first_use("half")) == (0, 2)
    assert checkpoint.first_use("nothing") is None
    checkpoint.advance(2)
    assert np.allclose(next(checkpoint.run(replaced=new))[0], expected, atol=1e-5)
    assert not np.allclose(next(checkpoint.run())[0], expected, atol=1e-5)
    checkpoint.advance(3, new)
    assert np.allclose(next(checkpoint.run())[0], expected, atol=1e-5)


def test_a_place_with_too_much_to_keep_is_passed_by() -> None:
    network = Network(classifier().SerializeToString())
    samples = images(network)
    small, large = (Checkpoint(network, samples, max_bytes=size) for size in (1000, 1 << 20))
    for place in (3, 8):
        expected = list(network.session(["scores"]).run_all(samples))
        for checkpoint in (small, large):
            checkpoint.advance(place)
            found = list(checkpoint.run())
            assert all(np.allclose(a[0], b[0], atol=1e-5) for a, b in zip(found, expected, strict=True))
    assert set(next(iter(small._batches))) == {"image"}
    assert set(next(iter(large._batches))) == {"bn3.out"}


def test_bodies_without_shapes_of_their_own_run_from_every_place() -> None:
    body = helper.make_graph(
        [helper.make_node("Mul", ["state", "row"], ["o"]), helper.make_node("Identity", ["state"], ["s"])],
        "body",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("state", "row")],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("s", "o")],
    )
    scan = helper.make_node("Scan", ["x", "rows"], ["last", "y"], body=body, num_scan_inputs=1)
    rows = np.arange(48, dtype=np.float32).reshape(3, 16)
    network = Network(model_of([scan], {"rows": rows}, {"x": (1, 16)}, {"y": (3, 1, 16)}).SerializeToString())
    samples = load_samples([{"x": np.full((1, 16), value)} for value in (1.0, 2.0)], network.inputs)
    checkpoint = Checkpoint(network, samples)
    checkpoint.advance(0)
    for found, value in zip(checkpoint.run(), (1.0, 2.0), strict=True):
        assert np.array_equal(found[0], value * rows[:, None])

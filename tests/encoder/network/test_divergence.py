"""Outputs are compared as what they are: classes, logits, sigmoids, numbers, integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_form import OutputForm, OutputKind
from nntc.encoder.samples import load_samples
from numpy.typing import NDArray
from onnx import helper

from tests.networks import classifier, model_of

Array = NDArray[Any]


def reference(
    *operators: str, size: int = 6, scale: float = 4.0, shape: tuple[int, ...] = (1, 5)
) -> Reference:
    """Return the outputs of a product followed by some operators, for four samples."""
    rng = np.random.default_rng(0)
    weights = (scale * rng.normal(size=(shape[-1], size))).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h0"])]
    for number, operator in enumerate(operators):
        nodes.append(helper.make_node(operator, [f"h{number}"], [f"h{number + 1}"]))
    last = f"h{len(operators)}"
    model = model_of(nodes, {"w": weights}, {"x": shape}, {last: ()})
    for output in model.graph.output:
        output.ClearField("type")
    network = Network(model.SerializeToString())
    inputs = [{"x": rng.normal(size=shape).astype(np.float32)} for _ in range(4)]
    return Reference(network, load_samples(inputs, network.inputs))


def softmax(values: Array) -> Array:
    values = values.astype(np.float64)
    exponentials = np.exp(values - values.max(axis=-1, keepdims=True))
    result: Array = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return result


def kl(p: Array, q: Array) -> float:
    return float((p * np.log(p / q)).sum(axis=-1).mean())


def changed(outputs: list[list[Array]], amount: float = 0.3) -> list[list[Array]]:
    rng = np.random.default_rng(1)
    return [[(y + amount * rng.normal(size=y.shape)).astype(y.dtype) for y in values] for values in outputs]


@pytest.mark.parametrize(
    ("operators", "kind"),
    [
        ((), OutputKind.LOGITS),
        (("Identity", "Flatten"), OutputKind.LOGITS),
        (("Softmax",), OutputKind.PROBABILITIES),
        (("LogSoftmax",), OutputKind.LOGITS),
        (("Sigmoid",), OutputKind.CHANCES),
        (("Tanh",), OutputKind.VALUES),
        (("Relu",), OutputKind.VALUES),
        (("ArgMax",), OutputKind.INTEGERS),
    ],
)
def test_outputs_are_told_apart(operators: tuple[str, ...], kind: OutputKind) -> None:
    assert reference(*operators).forms[0].kind is kind


def test_numbers_that_decide_nothing_are_no_logits() -> None:
    assert reference(scale=0.01).forms == [OutputForm(OutputKind.VALUES)]


def test_equal_outputs_do_not_diverge() -> None:
    for operators in ((), ("Softmax",), ("Sigmoid",), ("Tanh",), ("ArgMax",)):
        original = reference(*operators)
        found = original.compare(original.outputs)
        assert (found.samples, found.error) == (4, 0)
        assert found.divergence == pytest.approx(0, abs=1e-12)
        assert found.agreement == (None if operators == ("Tanh",) else 1)
        assert found.cosine == pytest.approx(1)


def test_logits_are_compared_by_their_softmax() -> None:
    original = reference()
    other = changed(original.outputs)
    found = original.compare(other)
    pairs = [(softmax(a[0]), softmax(b[0])) for a, b in zip(original.outputs, other, strict=True)]
    assert found.by_sample.tolist() == pytest.approx([kl(p, q) for p, q in pairs], rel=1e-4, abs=1e-9)
    assert found.divergence == pytest.approx(np.mean([kl(p, q) for p, q in pairs]), rel=1e-4)
    same = [p.argmax() == q.argmax() for p, q in pairs]
    assert found.agreement == np.mean(same)
    shifted = [[values[0] + 3] for values in original.outputs]
    assert original.compare(shifted).divergence == pytest.approx(0, abs=1e-6)


def test_probabilities_at_every_position_are_averaged() -> None:
    original = reference("Softmax", shape=(1, 7, 5))
    other = [[softmax(values[0] * 3)] for values in original.outputs]
    expected = np.mean([kl(a[0], b[0]) for a, b in zip(original.outputs, other, strict=True)])
    found = original.compare(other)
    assert found.divergence == pytest.approx(expected, rel=1e-5)
    assert found.agreement == 1


def test_sigmoids_add_up_over_classes() -> None:
    original = reference("Sigmoid")
    other = [[np.clip(values[0] * 0.9, 1e-3, 1)] for values in original.outputs]
    expected = []
    for (a,), (b,) in zip(original.outputs, other, strict=True):
        p, q = np.clip(a.astype(float), 1e-7, 1 - 1e-7), b.astype(float)
        expected.append((p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).sum())
    assert original.compare(other).divergence == pytest.approx(np.mean(expected), rel=1e-3)


def test_numbers_are_compared_by_relative_error() -> None:
    original = reference("Tanh")
    other = changed(original.outputs)
    pairs = zip(original.outputs, other, strict=True)
    expected = [((a[0] - b[0]) ** 2).sum() / (a[0] ** 2).sum() for a, b in pairs]
    found = original.compare(other)
    assert found.divergence == found.error == pytest.approx(np.mean(expected), rel=1e-5)
    assert found.agreement is None


def test_what_is_not_finite_or_has_another_shape_says_nothing() -> None:
    original = reference()
    broken = [[np.full_like(values[0], np.nan)] for values in original.outputs]
    found = original.compare(broken)
    uniform = [kl(softmax(values[0]), np.full((1, 6), 1 / 6)) for values in original.outputs]
    assert found.divergence == pytest.approx(np.mean(uniform), rel=1e-4)
    assert (found.agreement, found.error) == (0, 1)
    longer = [[np.zeros((2, 6), np.float32)] for _ in original.outputs]
    assert original.compare(longer).divergence == 1


@pytest.mark.parametrize("kind", OutputKind)
def test_empty_outputs_are_equal(kind: OutputKind) -> None:
    original = reference()
    original.forms[:] = [OutputForm(kind)]
    original.outputs[:] = [[np.zeros((0, 6), np.float32)] for _ in original.outputs]
    found = original.compare(original.outputs)
    assert (found.divergence, found.error, found.cosine, found.agreement) == (0, 0, 1, None)


def test_a_changed_network_is_measured_by_running_it() -> None:
    network = Network(classifier().SerializeToString())
    rng = np.random.default_rng(0)
    images = [{"image": rng.normal(size=(1, 3, 12, 12))} for _ in range(5)]
    original = Reference(network, load_samples(images, network.inputs), forms=[OutputForm(OutputKind.LOGITS)])
    assert original.measure(network.session()).divergence == 0
    results = []
    for share in (0.01, 0.1, 1.0):
        noise = rng.normal(size=network.constants["conv"].shape) * network.constants["conv"].std() * share
        new = {"conv": (network.constants["conv"] + noise).astype(np.float32)}
        results.append(original.measure(network.session(replaced=new), jobs=2).divergence)
    assert 0 < results[0] < results[1] < results[2]

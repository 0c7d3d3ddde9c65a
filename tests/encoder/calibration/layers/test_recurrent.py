"""States before each step and counts of rows are those of a plain computation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from nntc.encoder.calibration import Along, TensorStatistics, collect
from nntc.encoder.network import Network
from nntc.encoder.samples import load_samples
from nntc.onnx.roles import find_roles
from nntc.onnx.tensor import Path
from numpy.typing import NDArray
from onnx import TensorProto, helper

from tests.networks import model_of

Array = NDArray[Any]
STEPS, SAMPLES, INPUTS, HIDDEN = 5, 3, 4, 6
W: Path = ("graph", "initializer", 0)
R: Path = ("graph", "initializer", 1)


def statistics_of(
    model: Any, inputs: list[dict[str, Array]], types: dict[str, int] | None = None
) -> dict[Path, TensorStatistics]:
    for value in model.graph.input:
        value.type.tensor_type.elem_type = (types or {}).get(value.name, TensorProto.FLOAT)
    for value in model.graph.output:
        value.ClearField("type")
    network = Network(model.SerializeToString())
    found = collect(network, load_samples(inputs, network.inputs)).tensors
    roles = find_roles(model)
    assert all(known.view == roles[path].view for path, known in found.items())
    return dict(found)


def states_before(
    x: Array, w: Array, r: Array, first: Array, lengths: list[int], backwards: bool
) -> tuple[list[Array], list[Array]]:
    """Return inputs and states before every step of a plain recurrent network in one direction."""
    inputs, states = [], []
    for sample, length in enumerate(lengths):
        h = first[sample]
        for step in reversed(range(length)) if backwards else range(length):
            inputs.append(x[step, sample])
            states.append(h)
            h = np.tanh(w @ x[step, sample] + r @ h)
    return inputs, states


def moment(vectors: list[Array]) -> Array:
    rows = np.array(vectors, np.float64)
    result: Array = rows.T @ rows / len(rows)
    return result


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("given", [False, True])
def test_inputs_and_states_of_every_direction(direction: str, given: bool) -> None:
    directions = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[direction]
    count = len(directions)
    rng = np.random.default_rng(0)
    w = rng.normal(size=(count, HIDDEN, INPUTS)).astype(np.float32)
    r = rng.normal(size=(count, HIDDEN, HIDDEN)).astype(np.float32) / 2
    first = rng.normal(size=(count, SAMPLES, HIDDEN)).astype(np.float32) * given
    lengths = [5, 2, 4] if given else [STEPS] * SAMPLES
    names = ["x", "w", "r", "", "lengths", "first"] if given else ["x", "w", "r"]
    node = helper.make_node("RNN", names, ["", "last"], hidden_size=HIDDEN, direction=direction)
    shapes: dict[str, Sequence[int]] = {"x": (-1, -1, INPUTS)}
    if given:
        shapes |= {"lengths": (-1,), "first": (-1, -1, HIDDEN)}
    batches = []
    expected: tuple[list[Array], list[list[Array]]] = ([], [[] for _ in directions])
    for _ in range(2):
        x = rng.normal(size=(STEPS, SAMPLES, INPUTS)).astype(np.float32)
        batches.append({"x": x})
        if given:
            batches[-1] |= {"lengths": np.array(lengths, np.int32), "first": first}
        for number, backwards in enumerate(directions):
            inputs, states = states_before(x, w[number], r[number], first[number], lengths, backwards)
            expected[1][number].extend(states)
        expected[0].extend(inputs)
    model = model_of([node], {"w": w, "r": r}, shapes, {"last": ()})
    found = statistics_of(model, batches, {"lengths": TensorProto.INT32})
    assert found[W].positions == found[R].positions == sum(lengths)
    assert found[W].moment.shape == (1, INPUTS, INPUTS)
    assert np.allclose(found[W].moment[0], moment(expected[0]), rtol=1e-4, atol=1e-5)
    assert found[R].along is Along.ROWS
    for number in range(count):
        assert np.allclose(found[R].moment[number], moment(expected[1][number]), rtol=1e-3, atol=1e-4)


def test_rows_of_a_table_count_as_often_as_they_are_looked_up() -> None:
    table = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    node = helper.make_node("Gather", ["w", "ids"], ["y"])
    model = model_of([node], {"w": table}, {"ids": (-1,)}, {"y": ()})
    batches = [{"ids": np.array(ids)} for ids in ([0, 1, 1], [5, -1, 1, 3])]
    found = statistics_of(model, batches, {"ids": TensorProto.INT64})[W]
    assert found.row_weights is not None
    assert (found.row_weights * 7 / 6).tolist() == pytest.approx([1, 3, 0, 1, 0, 2])
    assert (found.images, found.vectors, found.is_diagonal) == (2, 7, True)
    looked_up = np.concatenate([table[batch["ids"]] for batch in batches])
    assert found.output_power(table) * 6 == pytest.approx((looked_up**2).sum(axis=1).mean() * 6, rel=1e-6)


def test_a_table_that_is_a_matrix_too_has_the_statistics_of_the_product() -> None:
    table = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["w", "ids"], ["x"]),
        helper.make_node("Transpose", ["w"], ["turned"]),
        helper.make_node("MatMul", ["x", "turned"], ["y"]),
    ]
    model = model_of(nodes, {"w": table}, {"ids": (-1,)}, {"y": ()})
    ids = np.array([0, 4, 4])
    found = statistics_of(model, [{"ids": ids}], {"ids": TensorProto.INT64})[W]
    assert found.row_weights is None
    assert np.allclose(found.moment[0], table[ids].T @ table[ids] / 3, rtol=1e-5)

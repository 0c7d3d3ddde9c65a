"""Arrays that do not fit are refused with what is the matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nntc.encoder.samples import Array, ModelInput, load_samples, model_inputs
from nntc.errors import SamplesError
from onnx import helper

from tests.networks import model_of

FLOAT = np.dtype(np.float32)
FIRST = ModelInput("x", FLOAT, (None, 3, 8, 6))
LAST = ModelInput("x", FLOAT, (None, 8, 6, 3))


def message(array: Array, entry: ModelInput, tmp_path: Path) -> str:
    np.save(tmp_path / "s.npy", array)
    found = []
    for source in (tmp_path / "s.npy", [{"x": array}]):
        with pytest.raises(SamplesError) as raised:
            load_samples(source, [entry])
        found.append(raised.value.message.partition(": ")[2])
    assert found[0] == found[1] or "found shape" in found[0]
    return found[0]


def test_channels_at_the_wrong_end_are_noticed(tmp_path: Path) -> None:
    last, first = np.zeros((2, 8, 6, 3), np.float32), np.zeros((2, 3, 8, 6), np.float32)
    assert message(last, FIRST, tmp_path) == (
        "expected x float32 (?, 3, 8, 6), found shape (1, 8, 6, 3): its channels come last; "
        "array.transpose(0, 3, 1, 2) turns them"
    )
    assert "come first; array.transpose(0, 2, 3, 1) turns them" in message(first, LAST, tmp_path)
    assert "turns" not in message(np.zeros((2, 8, 6, 4), np.float32), FIRST, tmp_path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.bool_])
def test_pixels_are_not_taken_for_floats(dtype: type, tmp_path: Path) -> None:
    found = message(np.ones((2, 3, 8, 6), dtype), FIRST, tmp_path)
    assert f"found type {np.dtype(dtype)}: convert to float32 and scale as the model was trained" in found


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_any_width_are_taken(dtype: type) -> None:
    batch = next(iter(load_samples([{"x": np.ones((1, 3, 8, 6), dtype)}], [FIRST])))
    assert batch["x"].dtype == FLOAT


def test_lists_have_no_type_of_their_own() -> None:
    batch = next(iter(load_samples([{"x": [[1, 2]]}], [ModelInput("x", FLOAT, (1, 2))])))
    assert batch["x"].tolist() == [[1, 2]]
    with pytest.raises(SamplesError, match="sample 0: x is no array"):
        load_samples([{"x": [[1], [2, 3]]}], [ModelInput("x", FLOAT, (1, 2))])


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("scaled", [False, True])
def test_channels_left_open_are_those_of_the_first_convolution(scaled: bool, groups: int) -> None:
    nodes = [helper.make_node("Conv", ["s" if scaled else "x", "w"], ["y"], group=groups)]
    if scaled:
        nodes.insert(0, helper.make_node("Sub", ["x", "m"], ["s"]))
    weights = np.zeros((6, 3 // groups, 3, 3), np.float32)
    constants = {"w": weights, "m": np.full(1, 3, np.float32)}
    model = model_of(nodes, dict(constants), {"x": ("n", "c", "h", "w")}, {"y": ()})
    (entry,) = model_inputs(model)
    assert entry.shape == (None, 3, None, None)
    with pytest.raises(SamplesError, match="its channels come last"):
        load_samples([{"x": np.zeros((1, 8, 6, 3), np.float32)}], [entry])


def test_channels_stay_open_where_nothing_tells_them() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    (entry,) = model_inputs(model_of([node], {}, {"x": ("n", "c", "h", "w")}, {"y": ()}))
    assert entry.shape == (None,) * 4

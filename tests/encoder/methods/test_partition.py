"""Tensors sorted by what may be done with them, and the reasons for those that stay exact."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.methods import partition
from nntc.encoder.methods.partition import (
    ASKED,
    FEW_DISTINCT,
    SMALL,
    UNEQUAL_ROWS,
    check_exact,
    partition_tensors,
    why_exact,
    why_not_one_step,
)
from nntc.encoder.options import PatternError
from nntc.onnx.roles import Role, Tolerance

from tests.encoder.tensors import normal, tensor_of

LARGE = normal(64, 64)


def test_large_tensors_are_weights_and_small_ones_and_vectors_parameters() -> None:
    tensors = [
        tensor_of(LARGE),
        tensor_of(LARGE[:4]),
        tensor_of(normal(SMALL), Role.BIAS),
        tensor_of(normal(SMALL), Role.OTHER),
    ]
    found = partition_tensors(tensors)
    assert (found.weights, found.parameters, found.exact) == ([0, 3], [1, 2], [])
    assert found.lossy == [0, 3, 1, 2]


def changed(value: float) -> object:
    values = LARGE.copy()
    values[3, 3] = value
    return values


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.arange(64), ""),
        (np.full((4, 4), 0.5, np.float32), ""),
        (changed(np.nan), "not finite"),
        (changed(-np.inf), "not finite"),
        (changed(2.0e38), "ends of its type's range"),
        (LARGE * np.float32(1e-30), "ends of its type's range"),
        (np.tile(normal(16), (256, 1)), FEW_DISTINCT),
    ],
)
def test_values_that_must_stay_exact(values: object, reason: str) -> None:
    found = partition_tensors([tensor_of(values)])  # type: ignore[arg-type]
    assert found.exact == [0]
    assert reason in found.notes[0]
    assert bool(found.notes[0]) == bool(reason)


def test_what_scales_is_exact_where_it_is_too_large_to_be_rounded_one_by_one() -> None:
    values = normal(1 << 18)
    found = partition_tensors([tensor_of(values[:-1], tolerance=Tolerance.SCALING)])
    assert found.parameters == [0]
    found = partition_tensors([tensor_of(values, tolerance=Tolerance.SCALING)])
    assert found.exact == [0]
    assert "scales too many" in found.notes[0]


def test_parameters_beyond_what_goes_together_are_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "MAX_TOGETHER", 1000)
    found = partition_tensors([tensor_of(normal(200), Role.BIAS), tensor_of(normal(100), Role.BIAS)])
    assert (found.parameters, found.weights) == ([0], [1])


def test_use_and_user_can_ask_for_exactness() -> None:
    weights = tensor_of(LARGE, name="head.weight", names=("head.weight", "copy"))
    assert why_exact(weights) is None
    assert why_exact(weights, ["head.*"]) == why_exact(weights, ["x", "cop?"]) == ASKED
    assert why_exact(weights, ["tail.*"]) is None
    assert why_exact(tensor_of(LARGE, tolerance=Tolerance.EXACT, reason="a threshold")) == "a threshold"
    assert partition_tensors([weights], ["copy"]).notes == {0: ASKED}


def test_one_step_must_not_lose_the_small_rows_of_a_table() -> None:
    rows = LARGE.copy()
    rows[5] *= 1e-4
    assert why_not_one_step(tensor_of(rows, Role.EMBEDDING), 4) == UNEQUAL_ROWS
    assert why_not_one_step(tensor_of(rows, Role.EMBEDDING), None) is None
    assert why_not_one_step(tensor_of(rows, Role.DENSE), 4) is None
    assert why_not_one_step(tensor_of(LARGE, Role.EMBEDDING), 4) is None


def test_a_pattern_must_be_a_name() -> None:
    check_exact(["a*", "b"], ["alpha", "b"])
    with pytest.raises(PatternError, match="'c'"):
        check_exact(["a*", "c"], ["alpha", "b"])

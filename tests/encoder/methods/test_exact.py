"""Exact records: every tensor once, bit for bit, small ones together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder import device
from nntc.encoder.methods.exact import plan_exact, plan_lossless
from nntc.encoder.methods.partition import SMALL
from nntc.encoder.methods.plan import Overhead, PlannedRecord, PlanRequest
from nntc.encoder.options import check_options
from nntc.encoder.tensors import Tensor
from nntc.encoder.workers import Workers
from nntc.onnx.roles import Role

from tests.encoder.tensor.decoding import decode
from tests.encoder.tensors import normal, tensor_of

TENSORS = [
    tensor_of(normal(64, 64)),
    tensor_of(normal(100), Role.BIAS),
    tensor_of(np.arange(200)[::-1].copy(), Role.OTHER),
    tensor_of(normal(50, seed=1), Role.BIAS),
    tensor_of(np.append(normal(20), [np.nan, -0.0, np.inf]).astype(np.float32), Role.BIAS),
]


def check(planned: list[PlannedRecord], tensors: list[Tensor]) -> None:
    """Check that every tensor is in one record, and comes back from it as it was."""
    assert sorted(i for own in planned for i in own.tensors) == list(range(len(tensors)))
    for own in planned:
        assert decode(own.record) == b"".join(bytes(tensors[i].data.read()) for i in own.tensors)


def test_every_tensor_comes_back_from_one_record() -> None:
    with Workers(1) as workers:
        planned = plan_exact(TENSORS, dict.fromkeys(range(len(TENSORS)), ""), workers)
    check(planned, TENSORS)
    together = sorted(own.tensors for own in planned)
    assert together == [(0,), (1, 3, 4), (2,)]


def test_only_what_is_named_is_coded_and_with_its_note() -> None:
    with Workers(1) as workers:
        planned = plan_exact(TENSORS, {1: "asked", 3: "scales"}, workers)
    assert [(own.tensors, own.record.note) for own in planned] == [((1, 3), "asked; scales")]


def test_small_tensors_of_few_values_are_coded_apart_where_that_is_smaller() -> None:
    few = tensor_of(np.random.default_rng(0).integers(0, 3, (30, 60)).astype(np.float32) / 7)
    assert few.size < SMALL
    tensors = [few, tensor_of(normal(1500), Role.BIAS)]
    with Workers(1) as workers:
        planned = plan_exact(tensors, {0: "", 1: ""}, workers)
    check(planned, tensors)
    assert sorted(own.tensors for own in planned) == [(0,), (1,)]


class _Nothing(Overhead):
    original_size = 0

    @property
    def size(self) -> int:
        return 0


def test_the_plan_of_method_lossless_is_exact() -> None:
    options: Any = check_options(method="lossless")
    with Workers(1) as workers:
        plan = plan_lossless(PlanRequest(TENSORS, options, _Nothing(), workers))
    check(list(plan.coded), TENSORS)


def test_of_method_lossless_all_room_for_small_tensors_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "MAX_TOGETHER", 5_000)
    tensors = [tensor_of(normal(100, seed=n), Role.BIAS) for n in range(26)]
    with Workers(1) as workers:
        plan = plan_lossless(PlanRequest(tensors, check_options(method="lossless"), _Nothing(), workers))
    check(list(plan.coded), tensors)
    assert sorted(len(own.tensors) for own in plan.coded) == [1, 25]

"""Places to touch for a coder, a goal and a method: one entry in a table each."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.decoder.entropy import symbols as reading
from nntc.decoder.entropy.runs import RunRequest
from nntc.encoder.entropy import symbols as writing
from nntc.encoder.goals.kinds import GOALS
from nntc.encoder.methods import METHODS, Plan, PlannedRecord, PlanRequest, put_aside
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.options import Entropy, Method
from nntc.encoder.options.chosen import ChosenOptions
from nntc.encoder.options.options import Options
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder
from numpy.typing import NDArray
from onnx import helper, numpy_helper


class Inverted:
    """Tokens of a coder that stores each as its complement, after a number of its own."""

    coder = Coder.ZSTD
    memory = 0

    def __init__(self, stream: SectionStream, request: RunRequest) -> None:
        assert stream.take(1, "mark") == b"!"
        self.count = request.count
        self.data = stream.take(request.count, "tokens")

    def decode(self) -> NDArray[np.uint8]:
        return 255 - np.frombuffer(self.data, np.uint8)


def model() -> bytes:
    weight = np.random.default_rng(0).normal(size=(64, 48)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 64))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 48))],
        [numpy_helper.from_array(weight, "w")],
    )
    data: bytes = helper.make_model(graph).SerializeToString()
    return data


def replaced(table: Any, key: Any, value: Any) -> Any:
    return MappingProxyType({**table, key: value})


def test_a_coder_is_an_entry_on_each_side(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = nntc.encode_bytes(model(), method="quantization", entropy="zstd")[0]
    writer = writing.Writer(lambda tokens, _: [b"!" + (255 - tokens).tobytes()])
    monkeypatch.setattr(writing, "WRITERS", replaced(writing.WRITERS, Coder.ZSTD, writer))
    monkeypatch.setattr(reading, "READERS", replaced(reading.READERS, Coder.ZSTD, Inverted))
    inverted = nntc.encode_bytes(model(), method="quantization", entropy="zstd")[0]
    assert inverted != plain
    decoded = nntc.decode_bytes(inverted)
    monkeypatch.undo()
    assert decoded == nntc.decode_bytes(plain)


def test_every_coder_is_in_both_tables_and_can_be_asked_for_by_its_name() -> None:
    assert set(reading.READERS) == set(writing.WRITERS) == set(Coder)
    assert {entropy.coder for entropy in Entropy} == set(Coder) - {Coder.PACKED}


def test_a_method_is_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def plan(request: PlanRequest) -> Plan:
        seen.append(len(request.tensors))
        records = (
            PlannedRecord(lossless_record(t.element, t.view, t.bits()), (i,))
            for i, t in enumerate(request.tensors)
        )
        return Plan(put_aside(records, request.workers.store()))

    monkeypatch.setitem(METHODS, Method.DEEP, plan)
    assert nntc.decode_bytes(nntc.encode_bytes(model(), method="deep")[0])[None] == model()
    assert seen == [1]


def test_every_method_has_a_plan() -> None:
    assert set(METHODS) == set(Method)


def test_a_goal_is_a_class_and_an_option_of_its_name() -> None:
    for goal in GOALS:
        assert Options.__dataclass_fields__[goal.kind].metadata
        assert goal.kind in ChosenOptions.__annotations__

"""Reading a model's structure from an open container: graph bytes only, fields counted."""

from __future__ import annotations

import nntc
import numpy as np
import pytest
from nntc.decoder.base import NO_BASE
from nntc.errors import LimitError, ModelError
from nntc.limits import NO_LIMITS, Limits
from nntc.onnx.protobuf import fields
from nntc.reader.graph_bytes import GraphRead
from onnx import numpy_helper

from tests.odd_models import made

RNG = np.random.default_rng(0)


def graph_read(limits: Limits = NO_LIMITS) -> tuple[GraphRead, bytes, list[int]]:
    """Return a read of a model of two tensors, the model, and where payloads are."""
    constants = [numpy_helper.from_array(RNG.standard_normal(99, np.float32), name) for name in "ab"]
    model = made([], constants=constants).SerializeToString()
    data, _ = nntc.encode_bytes(model, method="lossless")
    with nntc.open(data) as container:
        content = container._content
        at = [tensor.wire.offset for tensor in container.tensors.values()]
        return GraphRead(content._pieces[0], content.graph.skeleton, NO_BASE, limits), model, at


def test_graph_bytes_are_the_models_and_payloads_are_refused() -> None:
    read, model, (_, first, second) = graph_read()
    end = first + 396
    for start, stop in (
        (0, 9),
        (first - 4, first),
        (end, second),
        (3, 3),
        (end, end + 1),
        (second + 396, len(model)),
    ):
        assert read(start, stop - start) == model[start:stop]
    for start, stop in ((first, first + 1), (first - 1, first + 1), (end - 1, end + 1)):
        with pytest.raises(ModelError, match="payload") as error:
            read(start, stop - start)
        assert start <= (error.value.offset or 0) < stop
    with pytest.raises(ModelError):
        read(len(model), 1)


def test_windows_hold_the_bytes_around_a_place() -> None:
    read, model, (_, first, _) = graph_read()
    for at in (0, 5, first - 1, first + 396, len(model) - 1, 0):
        data, low, high = read.window(at)
        assert low <= at < high
        assert bytes(data[at - low : high - low]) == model[at:high]
    with pytest.raises(ModelError, match="payload"):
        read.window(first)


def test_fields_are_counted_over_all_messages() -> None:
    read, model, _ = graph_read(Limits.of(fields=20))
    count = len(list(fields(read, [(0, len(model))])))
    for _ in range(20 // count - 1):
        list(fields(read, [(0, len(model))]))
    with pytest.raises(LimitError, match="and 20 are allowed"):
        list(fields(read, [(0, len(model))]))

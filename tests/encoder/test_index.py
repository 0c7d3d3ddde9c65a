"""An index in new files: it keeps to sizes that are asked for, and says when it cannot hold a model."""

from __future__ import annotations

import nntc
import numpy as np
import pytest
from nntc.conformance.check import check
from nntc.errors import ModelError
from onnx import helper, numpy_helper

from tests.networks import decisive, using

OPTIONS = [{"method": "lossless"}, {"quality": 25}, {"device_memory": 1 << 14}, {"method": "deep", "bits": 4}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_files_conform_and_cost_what_is_reported(options: dict[str, object]) -> None:
    data, report = nntc.encode_bytes(decisive(), index=True, **options)  # type: ignore[arg-type]
    assert report.size == len(data)
    assert check(data).findings == ()
    assert nntc.open(data).has_index
    plain, _ = nntc.encode_bytes(decisive(), **options)  # type: ignore[arg-type]
    assert not nntc.open(plain).has_index
    assert nntc.decode_bytes(data) == nntc.decode_bytes(plain)


def test_a_target_size_is_met_with_the_index() -> None:
    model = decisive(48)
    small = len(nntc.encode_bytes(model, quality=20)[0])
    data, _ = nntc.encode_bytes(model, index=True, target_size=small)
    assert 0.98 * small < len(data) <= small


def test_names_that_are_missing_or_come_again() -> None:
    values = np.random.default_rng(2).normal(size=(30, 30)).astype(np.float32)
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values * k, "same"))
        for k, name in enumerate(("a", "b", ""))
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [], []))
    with nntc.open(nntc.encode_bytes(model, index=True, method="lossless")[0]) as container:
        assert set(container.tensors) == set(container.graph_tensors)
        for name, tensor in container.graph_tensors.items():
            np.testing.assert_array_equal(container.tensors[name].array(), tensor.array())


def test_a_name_that_no_index_holds() -> None:
    model = using(**{"n" * 1025: np.ones((20, 20), np.float32)})
    with pytest.raises(ModelError, match="an index cannot hold") as caught:
        nntc.encode_bytes(model, index=True)
    assert caught.value.id == "E_TENSOR"

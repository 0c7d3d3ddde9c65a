"""Records and levels put aside are those that were made."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.methods import aside
from nntc.encoder.methods.aside import StoredLevels, put_aside
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.methods.weights import Quantized, Scalar, quantize
from nntc.encoder.quantize.shaping import shapings
from nntc.encoder.store import Store
from nntc.format.trellis import MANY_STATES

from tests.encoder.tensors import normal, tensor_of


@pytest.mark.parametrize("together", [1, 3000, 1 << 23])
def test_records_are_encoded_alike_however_many_at_a_time(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_TOGETHER", together)
    tensors = [tensor_of(normal(30, 20 + n, seed=n)) for n in range(5)]
    planned = [
        PlannedRecord(lossless_record(t.element, t.view, t.bits(), "note"), (n,))
        for n, t in enumerate(tensors)
    ]
    expected = assemble([own.record.fragments for own in planned])
    found = put_aside(iter(planned), Store())
    assert [own.body.read() for own in found] == expected
    assert [own.size for own in found] == [len(body) for body in expected]
    assert [(own.tensors, own.record.note) for own in found] == [((n,), "note") for n in range(5)]
    with pytest.raises(ValueError, match="unpack"):
        planned[0].body  # noqa: B018 - that is what raises


@pytest.mark.parametrize("noise", [1e-2, 1e-6, 1e-12])
def test_levels_come_back(noise: float) -> None:
    tensor = tensor_of(normal(40, 60) * np.float32(3))
    quantized = quantize(shapings(tensor), tensor.values(), noise, machine=MANY_STATES)
    stored = StoredLevels.put(quantized, Store())
    found = stored.get()
    if isinstance(quantized, Scalar):
        assert isinstance(found, Scalar)
        assert isinstance(stored.rest, Scalar)
        assert stored.rest.levels.size == 0
        np.testing.assert_array_equal(found.levels, quantized.levels)
        assert found.levels.dtype == quantized.levels.dtype
    else:
        assert isinstance(found, Quantized)
        assert isinstance(stored.rest, Quantized)
        assert stored.rest.found.levels.size == 0
        np.testing.assert_array_equal(found.found.levels, quantized.found.levels)
        np.testing.assert_array_equal(found.found.quantizers, quantized.found.quantizers)
        assert found.found.levels.dtype == np.int32
        assert found.found.machine is MANY_STATES


@pytest.mark.parametrize("levels", [[0], [-128, 127], [-129], [128], [2**31 - 1], [-(2**31), 2**40]])
def test_levels_of_any_size_come_back(levels: list[int]) -> None:
    tensor = tensor_of(normal(2, 2))
    scalar = Scalar(1.0, shapings(tensor)[0], np.array(levels, np.int64))
    found = StoredLevels.put(scalar, Store()).get()
    assert isinstance(found, Scalar)
    assert found.levels.tolist() == levels

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reference_models.data.restricted_pickle import restricted_load

NUMBERS = hnp.integer_dtypes() | hnp.unsigned_integer_dtypes() | hnp.floating_dtypes(sizes=(32, 64))


def load(content: bytes) -> Any:
    return restricted_load(io.BytesIO(content))


@given(hnp.arrays(NUMBERS, hnp.array_shapes(max_dims=3)), st.sampled_from([2, 3, 4]))
def test_arrays_come_back_as_they_were(array: np.ndarray, protocol: int) -> None:
    back = load(pickle.dumps({"data": array}, protocol))["data"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_columns_first_arrays_come_back_as_they_were() -> None:
    array = np.asfortranarray(np.arange(6).reshape(2, 3))
    assert np.array_equal(load(pickle.dumps(array, 4)), array)


def test_names_of_numpy_1_are_known() -> None:
    content = pickle.dumps(np.arange(4, dtype=np.uint8), 2).replace(b"numpy._core", b"numpy.core")
    assert list(load(content)) == [0, 1, 2, 3]


def test_arrays_of_lists_become_lists() -> None:
    array = np.empty(2, object)
    array[0], array[1] = [1, 2], [3]
    assert load(pickle.dumps(array, 4)) == [[1, 2], [3]]


class Hostile:
    def __init__(self, *call: Any) -> None:
        self._call = call

    def __reduce__(self) -> Any:
        return self._call[0], self._call[1:]


@pytest.mark.parametrize("call", [(os.mkdir, "made"), (eval, "1"), (OrderedDict,), (np.load, "x")])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_other_names_are_refused(
    call: tuple[Any, ...], protocol: int, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pickle.UnpicklingError, match="which no data set needs"):
        load(pickle.dumps({"data": Hostile(*call)}, protocol))
    assert not (tmp_path / "made").exists()


def test_arrays_of_records_are_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match="array of type"):
        load(pickle.dumps(np.zeros(2, [("a", "O"), ("b", "f4")]), 4))


@given(st.data())
def test_damage_raises_nothing_else(data: st.DataObject) -> None:
    content = bytearray(pickle.dumps({"data": np.arange(5, dtype=np.uint8), "labels": [1, 2]}, 2))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(pickle.UnpicklingError):
        load(bytes(content[: data.draw(st.integers(1, len(content)))]))

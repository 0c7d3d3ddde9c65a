"""Views of constants: a row holds what makes one output."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.onnx.roles.views import Constant, axis_view, flat_view, generic_view, kernel_view, matrix_view


def reference_rows(dims: tuple[int, ...], axis: int) -> np.ndarray[Any, Any]:
    elements = np.arange(np.prod(dims, dtype=int)).reshape(dims)
    return np.moveaxis(elements, axis, 0).reshape(dims[axis], -1)


@given(st.data())
def test_a_row_holds_one_output(data: st.DataObject) -> None:
    dims = tuple(data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=5)))
    axes = data.draw(st.permutations(range(len(dims))))
    axis = data.draw(st.integers(0, len(dims) - 1))
    elements = np.arange(np.prod(dims, dtype=int))
    constant = Constant((), dims, tuple(axes), True)
    for view, own in [(axis_view(dims, axis), axis), (kernel_view(constant, axis), axes[axis])]:
        coded = view.to_coded(elements).reshape(view.rows, view.columns)
        assert np.array_equal(coded, reference_rows(dims, own))
    if len(dims) > 1:
        last = matrix_view(constant, -1)
        assert last.size == elements.size
        if np.prod(constant.seen[:-2]) == 1:
            coded = last.to_coded(elements).reshape(last.rows, last.columns)
            assert np.array_equal(coded, reference_rows(dims, axes[-1]))
    assert generic_view(dims).size == flat_view(dims).size == elements.size

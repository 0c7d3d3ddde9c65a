"""Small tensors coded together: each comes back as its levels times its own step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.tensor.ragged import ragged_record, ragged_view
from nntc.format.registry import ElementType
from nntc.format.steps import STEP_CODES

from tests.encoder.tensor.decoding import decode

TENSORS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(-5000, 5000), st.lists(st.integers(-40, 40), min_size=1)),
    min_size=1,
    max_size=6,
)


@given(TENSORS)
def test_every_tensor_comes_back_as_its_levels_times_its_own_step(
    tensors: list[tuple[int, int, list[int]]],
) -> None:
    step = 2.0**-10
    codes = np.array([code for code, _, _ in tensors], np.uint8)
    levels = [np.array(own, np.int64) + middle for _, middle, own in tensors]
    record = ragged_record(ElementType.FLOAT64, step, codes, levels)
    assert record.view == ragged_view([own.size for own in levels])
    wanted = np.concatenate(
        [own * (step * STEP_CODES[code]) for own, code in zip(levels, codes, strict=True)]
    )
    assert np.frombuffer(decode(record), "<f8").tolist() == wanted.tolist()


def test_levels_around_another_middle_cost_no_more() -> None:
    near = np.random.default_rng(0).integers(-3, 4, 400)
    codes = np.zeros(2, np.uint8)
    sizes = [
        ragged_record(ElementType.FLOAT32, 0.5, codes, [near, near + middle]).expected_size
        for middle in (0, 3000)
    ]
    assert sizes[1] <= sizes[0] + 4

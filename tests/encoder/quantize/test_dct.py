"""The forward transform against the format's inverse one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.dct import forward
from nntc.format.transform import SCALE, Transform
from scipy import fft


@given(st.integers(1, 16), st.integers(1, 16), st.integers(0, 6), st.integers(0, 1 << 32))
def test_forward_and_inverse_undo_each_other(height: int, width: int, mix: int, seed: int) -> None:
    transform = Transform(height, width, mix)
    values = np.random.default_rng(seed).normal(0, 1, 3 * transform.period) + 1
    integers = np.rint(forward(values, transform) * 2.0 ** (10 - mix / 2))
    back = transform.inverse(integers) * SCALE * 2.0**-10
    scale = 2.0**-10 * 2.0 ** (mix / 2)
    assert np.abs(back - values).max() < 4 * scale
    assert np.sqrt(np.mean((back - values) ** 2)) < scale


@given(st.integers(1, 16), st.integers(1, 16), st.integers(0, 6), st.integers(0, 1 << 32))
def test_forward_keeps_the_energy(height: int, width: int, mix: int, seed: int) -> None:
    transform = Transform(height, width, mix)
    values = np.random.default_rng(seed).normal(0, 1, 2 * transform.period)
    assert np.linalg.norm(forward(values, transform)) == pytest.approx(np.linalg.norm(values), rel=3e-3)


def test_it_is_the_dct_of_a_plane() -> None:
    plane = np.random.default_rng(0).normal(0, 1, (5, 7))
    expected = fft.dctn(plane, norm="ortho").ravel()
    np.testing.assert_allclose(forward(plane.ravel(), Transform(5, 7)), expected, atol=2e-3)


def test_planes_that_are_alike_meet_in_the_first() -> None:
    blocks = np.tile(np.random.default_rng(0).normal(0, 1, 9), 4)
    mixed = forward(blocks, Transform(3, 3, 2)).reshape(4, 9)
    np.testing.assert_allclose(mixed[0], 2 * forward(blocks[:9], Transform(3, 3)), atol=1e-12)
    np.testing.assert_allclose(mixed[1:], 0, atol=1e-12)

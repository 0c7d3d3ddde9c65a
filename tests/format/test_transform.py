from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.dct import basis, hadamard
from nntc.format.transform import Transform

from conformance.reference_decoder.transform import inverse_transform
from tests import strategies

SHAPES = st.tuples(st.integers(1, 16), st.integers(1, 16), st.integers(0, 6))


def exact_of(transform: Transform, x: list[int]) -> list[int]:
    """Transform with integers that cannot round."""
    h, w, t = transform.height, transform.width, transform.mix
    mixed = np.einsum(
        "nm,bmk->bnk", hadamard(t).astype(np.int64), np.array(x, np.int64).reshape(-1, 1 << t, h * w)
    )
    b_h, b_w = basis(h).astype(np.int64), basis(w).astype(np.int64)
    out = np.einsum("uy,bnuv,vx->bnyx", b_h, mixed.reshape(-1, 1 << t, h, w), b_w)
    flat: list[int] = out.ravel().tolist()
    return flat


@given(SHAPES, strategies.chance())
def test_transforms_are_exact(shape: tuple[int, int, int], rng: Random) -> None:
    transform = Transform(*shape)
    blocks = rng.randint(1, 3)
    top = rng.choice((1, 100, transform.limit))
    x = [rng.choice((-top, 0, top, rng.randint(-top, top))) for _ in range(transform.period * blocks)]
    found = transform.inverse(np.array(x, np.float64))
    assert found.tolist() == exact_of(transform, x)


@pytest.mark.parametrize(
    "shape", [(16, 16, 0), (16, 16, 6), (1, 1, 6), (1, 7, 0), (7, 1, 3), (16, 15, 1), (1, 1, 0)]
)
def test_the_largest_inputs_are_exact(shape: tuple[int, int, int]) -> None:
    transform = Transform(*shape)
    h, w, t = shape
    # Signs that make one output as large as it can get.
    kernel = np.kron(hadamard(t)[-1], np.kron(basis(h)[:, 0], basis(w)[:, -1]))
    x = np.where(kernel < 0, -1.0, 1.0) * transform.limit
    found = transform.inverse(x)
    assert found.tolist() == exact_of(transform, [int(v) for v in x])
    assert np.abs(found).max() < 2**53


@pytest.mark.parametrize("shape", [(16, 16, 0), (3, 3, 0), (1, 1, 6), (3, 3, 2)])
@pytest.mark.parametrize("more", [-1, 0, 1])
def test_many_blocks_are_exact_though_their_products_are_taken_in_parts(
    shape: tuple[int, int, int], more: int
) -> None:
    transform = Transform(*shape)
    blocks = 2 * (1 << 18) // transform.period + more
    rng = np.random.default_rng(0)
    x = rng.integers(-transform.limit, transform.limit, blocks * transform.period, endpoint=True)
    assert transform.inverse(x.astype(np.float64)).tolist() == exact_of(transform, x.tolist())


@given(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2)), strategies.chance())
def test_transforms_are_those_of_the_specification(shape: tuple[int, int, int], rng: Random) -> None:
    transform = Transform(*shape)
    x = [rng.randint(-1000, 1000) for _ in range(2 * transform.period)]
    h, w, t = shape
    blocks = (x[: transform.period], x[transform.period :])
    expected = [y for own in blocks for y in inverse_transform(own, t, h, w)]
    assert transform.inverse(np.array(x, np.float64)).tolist() == expected


@given(SHAPES)
def test_zeros_come_out_positive(shape: tuple[int, int, int]) -> None:
    transform = Transform(*shape)
    assert not np.signbit(transform.inverse(np.zeros(transform.period))).any()

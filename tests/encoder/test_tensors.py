from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.tensors import _largest_divisor


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_the_largest_divisor(number: int, most: int) -> None:
    assert _largest_divisor(number, most) == max(n for n in range(1, most + 1) if number % n == 0)


def test_of_a_large_prime_it_is_found_at_once() -> None:
    assert _largest_divisor(2**31 - 1, 1 << 22) == 1

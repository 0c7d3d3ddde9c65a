"""Planes records are exact."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from nntc.encoder.tensor.planes import planes_record
from nntc.format.registry import ElementType, ViewKind
from nntc.format.view import View

from conformance.proof import samples
from tests import strategies
from tests.encoder.tensor.decoding import coded_bits, decode, random_classes
from tests.strategies import view_of


@pytest.mark.parametrize("element", [e for e in ElementType if not e.is_integer])
@given(view=strategies.views(60), rng=strategies.chance())
def test_planes_are_exact(element: ElementType, view: samples.View, rng: Random) -> None:
    own = view_of(view)
    pool = [rng.randbytes(element.width) for _ in range(rng.choice((1, 3, 100)))]
    payload = b"".join(rng.choice(pool) for _ in range(own.size))
    classes = random_classes(rng, view) if rng.random() < 0.5 else None
    record = planes_record(element, own, coded_bits(element, own, payload), classes)
    assert decode(record) == payload


@pytest.mark.parametrize("below", [float("inf"), 1.0])
def test_large_planes_of_which_zstd_makes_something_are_exact(below: float) -> None:
    rng = np.random.default_rng(0)
    values = np.zeros(1 << 20, np.float32)
    values[: 1 << 17] = rng.standard_normal(1 << 17, np.float32)
    values[-(1 << 17) :] = rng.integers(0, 9, 1 << 17)
    bits = values.view(np.uint32)
    view = View(ViewKind.MATRIX, 1, bits.size)
    record = planes_record(ElementType.FLOAT32, view, bits, below=below)
    assert decode(record) == values.tobytes()
    assert record.expected_size < 1 << 19

"""Uniform records decode as the specification says."""

from __future__ import annotations

import struct
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.registry import Coder, ElementType
from nntc.format.transform import Transform
from numpy.typing import NDArray

from conformance.proof import samples
from tests import strategies
from tests.encoder.tensor.decoding import decode
from tests.strategies import view_of


def f32(value: float) -> float:
    found: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return found


@pytest.mark.parametrize("element", [ElementType(k) for k in samples.FLOATS])
@given(view=strategies.views(80), rng=strategies.chance(), coder=st.sampled_from(Coder))
def test_uniform_records_decode_as_the_specification_says(
    element: ElementType, view: samples.View, rng: Random, coder: Coder
) -> None:
    own = view_of(view)
    ragged = view.kind == samples.RAGGED
    sizes = range(1, 17)
    blocks = [(h, w, t) for h in sizes for w in sizes for t in range(7) if h * w << t == view.period]

    def codes(count: int) -> NDArray[np.uint8] | None:
        return np.array([rng.randrange(30) for _ in range(count)], np.uint8) if rng.random() < 0.4 else None

    parameters = UniformParameters(
        step=f32(rng.uniform(1e-6, 1e-4)),
        offset=f32(rng.uniform(-1, 1)) if rng.random() < 0.3 else 0.0,
        transform=Transform(*rng.choice(blocks)) if blocks and not ragged and rng.random() < 0.5 else None,
        row_codes=codes(view.rows),
        column_codes=None if ragged else codes(view.columns),
        bases=np.array([rng.randint(-99, 99) for _ in range(view.rows)])
        if ragged and rng.random() < 0.5
        else None,
    )
    top = rng.choice((3, 120, 400))
    levels = np.array([rng.randint(-top, top) for _ in range(own.size)], np.int64)
    background = rng.choice((None, 0, int(levels[0])))
    record = uniform_record(element, own, parameters, levels, coder, background=background)
    payload = decode(record)
    if parameters == UniformParameters(parameters.step) and element is ElementType.FLOAT64:
        assert own.to_coded(np.frombuffer(payload, "<f8")).tolist() == (levels * parameters.step).tolist()

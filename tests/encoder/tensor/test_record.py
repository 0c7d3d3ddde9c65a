"""Records of the encoder: their output, and whether they are long enough for it."""

from __future__ import annotations

import numpy as np
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.registry import Coder, ElementType, Tool

from conformance.proof import samples
from tests.strategies import view_of


def test_the_output_is_that_of_the_view() -> None:
    view = view_of(samples.View(0, 2, 4, 1))
    record = uniform_record(ElementType.FLOAT16, view, UniformParameters(1.0), np.arange(8), Coder.RANS)
    assert record.output == 16
    assert record.is_long_enough


def test_few_bytes_for_much_output_are_too_few() -> None:
    view = view_of(samples.View(0, 1 << 20, 1, 1))
    for length, enough in ((63, True), (62, False)):
        assert Record([bytes(length)], ElementType.FLOAT32, Tool.PLANES, view).is_long_enough is enough

"""Records that the encoder writes decode to what they were made from."""

from __future__ import annotations

import numpy as np
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.registry import Coder, ElementType, Profile

from conformance.proof import samples
from tests.strategies import view_of


def test_the_profile_is_the_least_that_has_the_tools() -> None:
    view = view_of(samples.View(0, 1, 4, 1))
    levels = np.arange(4)
    plain = uniform_record(ElementType.FLOAT32, view, UniformParameters(1.0), levels, Coder.RANS)
    assert plain.profile is Profile.BASELINE
    codes = np.zeros(1, np.uint8)
    rows = uniform_record(
        ElementType.FLOAT32, view, UniformParameters(1.0, row_codes=codes), levels, Coder.RANS
    )
    assert rows.profile is Profile.MAIN

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from nntc.encoder.methods.wholes import Wholes

from tests.encoder.tensors import tensor_of

VALUES = np.random.default_rng(3).normal(0, 1, (8, 30)).astype(np.float32)
"""Two pieces of a tensor, the second ten times as large, and another one."""
TENSORS = [
    replace(tensor_of(VALUES[:4]), payload=0),
    replace(tensor_of(10 * VALUES[4:]), payload=0),
    replace(tensor_of(VALUES), payload=1),
]


def test_pieces_are_one() -> None:
    wholes = Wholes(TENSORS, [0, 1, 2])
    assert wholes.sizes == [240, 240]
    assert wholes.powers[0] == pytest.approx(
        (np.square(VALUES[:4]).mean() + 100 * np.square(VALUES[4:]).mean()) / 2
    )


def test_pieces_get_the_same_error() -> None:
    noise = Wholes(TENSORS, [0, 1, 2]).noise(np.array([0.01, 0.02]))
    assert noise[2] == 0.02
    errors = [noise[i] * float(np.mean(np.square(TENSORS[i].values()))) for i in (0, 1)]
    assert errors[0] == pytest.approx(errors[1])
    assert errors[0] == pytest.approx(0.01 * Wholes(TENSORS, [0, 1]).powers[0])

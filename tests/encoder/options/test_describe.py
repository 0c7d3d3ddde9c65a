"""Options as a page lists them: those that the method takes, and that say anything."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder.options import check_options, describe_options


@pytest.mark.parametrize(
    ("chosen", "listed"),
    [
        ({}, {"method": "auto", "objective": "outputs", "quality": "30 (default)"}),
        ({"ratio": 10, "jobs": 4}, {"method": "auto", "objective": "outputs", "ratio": "10"}),
        (
            {"ratio": 10, "effort": "best"},
            {"method": "auto", "objective": "outputs", "effort": "best", "ratio": "10"},
        ),
        (
            {"calibration": "somewhere/images.npz", "quality": 20},
            {"method": "auto", "quality": "20", "calibration": "images.npz"},
        ),
        (
            {"exact": ["a*", "b"], "bits": 5.5},
            {"method": "auto", "objective": "outputs", "bits": "5.5", "exact": "a*, b"},
        ),
        ({"method": "lossless"}, {"method": "lossless"}),
        ({"method": "dct"}, {"method": "dct", "entropy": "rans", "bits": "6"}),
        (
            {"method": "deep", "prune": 0.5},
            {
                "method": "deep",
                "entropy": "huffman",
                "prune": "0.5",
                "prune scope": "layer",
                "biases": "False",
            },
        ),
    ],
)
def test_what_is_listed(chosen: dict[str, Any], listed: dict[str, str]) -> None:
    assert dict(describe_options(check_options(**chosen))) == listed


def test_samples_in_memory_are_not_shown() -> None:
    described = describe_options(check_options(evaluation=[{"x": np.zeros(3)}]))
    assert ("evaluation", "given in memory") in described

"""Options are checked for type, range, method, and what goes together."""

from __future__ import annotations

from typing import Any

import pytest
from nntc.encoder.options import check_options


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"method": "deep", "prune": 1.0}, "below 1"),
        ({"method": "deep", "prune": -0.1}, "at least 0"),
        ({"method": "deep", "prune": float("nan")}, "at least 0"),
        ({"method": "deep", "bits": 9}, "from 1 to 8"),
        ({"method": "deep", "bits": 0}, "from 1 to 8"),
        ({"method": "deep", "bits": 3.5}, "from 1 to 8"),
        ({"method": "deep", "ratio": 10}, "ratio is for the method auto"),
        ({"method": "deep", "quality": 30}, "quality is for the method auto"),
        ({"method": "deep", "centroids": "even"}, "even"),
        ({"method": "deep", "prune_scope": "row"}, "row"),
        ({"method": "deep", "entropy": "lzma"}, "lzma"),
        ({"prune": 0.5}, "prune is for the method deep"),
        ({"method": "dct", "prune_scope": "global"}, "prune scope is for the method deep"),
        ({"method": "lossless", "sparse": True}, "sparse is for the method deep"),
        ({"method": "clustering", "centroids": "density"}, "centroids is for the method deep"),
        ({"biases": True}, "biases is for the method deep"),
    ],
)
def test_wrong_options(chosen: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_options(**chosen)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"qualty": 30}, "there is no option 'qualty'"),
        ({"quality": "30"}, "quality must be a number, not '30'"),
        ({"quality": True}, "quality must be a number, not True"),
        ({"method": "deep", "biases": 1}, "biases must be True or False"),
        ({"jobs": 1.0}, "jobs must be a whole number or an executor"),
        ({"exact": [1]}, "exact is a pattern of names"),
    ],
)
def test_wrong_types(chosen: dict[str, Any], reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        check_options(**chosen)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"quality": 30, "ratio": 10}, "name one goal, not quality and ratio"),
        ({"trust_samples": True, "evaluation": "x.npz"}, "trust samples is for calibration samples"),
        ({"max_drop": 1, "calibration": "x.npz"}, "max drop needs evaluation samples with labels"),
        ({"metric": "top5", "quality": 20}, "metric is for max drop"),
        ({"stable": True, "ratio": 10}, "stable is for a quality alone: ratio depends on all tensors"),
        ({"stable": True, "calibration": "x.npz"}, "alone: calibration depends on all tensors"),
        ({"stable": True, "base": "x.onnx"}, "alone: base depends on all tensors"),
        ({"updatable": True, "calibration": "x.npz"}, "for encoding without calibration samples"),
        ({"min_agreement": 0.9}, "min agreement needs samples to measure on"),
        ({"calibration": "x.npz", "objective": "weights"}, "calibration keeps outputs close, not weights"),
        ({"bits": 0.05}, "bits must be between 0.1 and 32"),
        ({"jobs": 0}, "jobs must be at least 1"),
    ],
)
def test_options_that_do_not_go_together(chosen: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_options(**chosen)


def test_what_is_not_given_is_a_default() -> None:
    assert check_options() == check_options(quality=None, method=None, prune=None, biases=False)
    assert check_options(exact="head.*").exact == ("head.*",)

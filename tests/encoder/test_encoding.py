"""Encodings of one open model: the same bytes whatever was encoded before."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.encoder.encode import encode_bytes
from nntc.encoder.encoding import encode_model
from nntc.encoder.model import Model, open_model
from nntc.encoder.options import check_options
from nntc.encoder.sweep import sweep
from nntc.encoder.workers import Workers

from tests import networks

MODEL = networks.decisive(8).SerializeToString()


@cache
def samples() -> list[dict[str, Any]]:
    coarse = np.random.default_rng(3).normal(0, 3, (24, 1, 3, 4, 4))
    return [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]


def options(number: int) -> dict[str, Any]:
    return (
        {"quality": 25},
        {"quality": 20, "objective": "weights"},
        {"quality": 20, "calibration": samples()},
        {"ratio": 7, "calibration": samples()},
        {"min_agreement": 0.8, "calibration": samples(), "evaluation": samples()[:8]},
        {"quality": 25, "evaluation": samples()[:8]},
        {"method": "lossless"},
        {"method": "dct", "bits": 5},
        {"method": "quantization", "bits": 4},
        {"method": "deep", "bits": 4, "prune": 0.3},
        {"quality": 30, "exact": "dense*"},
    )[number]


KINDS = range(11)
SWEEP = len(KINDS)


@cache
def alone(number: int) -> bytes:
    """Return the file of a model that nothing else was done to."""
    return encode_bytes(MODEL, **options(number))[0]


def encoded(model: Model, number: int) -> bytes:
    with Workers(1) as workers:
        return encode_model(model, check_options(**options(number)), workers)[0].tobytes()


@settings(max_examples=8)
@given(st.lists(st.sampled_from([*KINDS, SWEEP]), min_size=2, max_size=5))
def test_any_order_gives_the_same_bytes(order: list[int]) -> None:
    with open_model(MODEL) as model:
        for number in order:
            if number == SWEEP:
                sweep(MODEL, calibration=samples(), methods=["calibrated", "auto"], points=2)
            else:
                assert encoded(model, number) == alone(number)

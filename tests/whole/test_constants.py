"""Constants of networks: what is data comes back as it was, and what scales is as close as asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import nntc
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests.constant_models import CLOSE, SAME, Case

Maker = Callable[[], Case]
BOUND = 0.3
"""Of each element of the output over all samples: at 30 dB, an error of 3 % for each of the layers before it."""
METHODS: list[dict[str, Any]] = [
    *({"method": method, "bits": 8} for method in ("quantization", "clustering", "dct")),
    {"method": "deep", "bits": 8, "biases": True},
]


def outputs(model: bytes, samples: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Return the first output for each sample, float64 [samples, elements]."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    rows = [np.asarray(session.run(None, sample)[0], np.float64).ravel() for sample in samples]
    return np.array(rows) if len({row.size for row in rows}) == 1 else np.concatenate(rows)[None]


def coded(model: bytes, **options: Any) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return nntc.decode_bytes(nntc.encode_bytes(model, **options)[0])[None]


def error(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Return the largest relative error of an element of the output, as a norm over the samples."""
    assert np.isfinite(after).all()
    sizes = np.linalg.norm(before, axis=0)
    differences = np.linalg.norm(after - before, axis=0)
    return float((differences[sizes > 0] / sizes[sizes > 0]).max())


@pytest.mark.parametrize("make", CLOSE)
def test_outputs_are_as_close_as_the_quality_says(make: Maker) -> None:
    model, samples = make()
    data = model.SerializeToString()
    before = outputs(data, samples)
    near, nearer = (error(before, outputs(coded(data, quality=q), samples)) for q in (30, 50))
    assert near < BOUND
    assert nearer < max(near / 3, 1e-6)


@pytest.mark.parametrize("make", SAME)
def test_data_comes_back_as_it_was(make: Maker) -> None:
    model, samples = make()
    data = model.SerializeToString()
    before = outputs(data, samples)
    for options in ({"quality": 10}, {"quality": 10, "calibration": samples}, *METHODS):
        assert np.array_equal(before, outputs(coded(data, **options), samples), equal_nan=True), options

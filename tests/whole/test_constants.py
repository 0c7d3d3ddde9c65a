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
from onnx import helper

from tests.constant_models import Case
from tests.data_models import SAME
from tests.networks import heavy, model_of
from tests.normalized_models import NORMALIZED, ROWS
from tests.scaling_models import SCALERS

Maker = Callable[[], Case]
BOUND = 0.3
"""Of each element of the output over all samples: at 30 dB, 3 % for each of the layers before it."""
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


@pytest.mark.parametrize("make", [*SCALERS, *NORMALIZED])
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
    auto: list[dict[str, Any]] = [{"quality": 10}, {"quality": 10, "calibration": samples}]
    for options in (*auto, *METHODS):
        assert np.array_equal(before, outputs(coded(data, **options), samples), equal_nan=True), options


@pytest.mark.parametrize("options", METHODS, ids=str)
@pytest.mark.parametrize("make", ROWS)
def test_one_step_for_a_table_leaves_small_rows_as_they_are(make: Maker, options: dict[str, Any]) -> None:
    model, samples = make()
    data = model.SerializeToString()
    before = outputs(data, samples)
    assert error(before, outputs(coded(data, **options), samples)) < BOUND
    _, report = nntc.encode_bytes(data, **options)
    assert next(t for t in report.tensors if t.name == "table").note.startswith("has rows")


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_ordinary_tables_are_coded_as_asked(bits: int) -> None:
    table = heavy(np.random.default_rng(0), 300, 64)
    lookup = helper.make_node("Gather", ["table", "x"], ["y"])
    layer = helper.make_node("MatMul", ["y", "w"], ["z"])
    model = model_of([lookup, layer], {"table": table, "w": table[:64].copy()}, {"x": (1,)}, {"z": ()})
    for method in ("quantization", "clustering", "dct", "deep"):
        _, report = nntc.encode_bytes(model.SerializeToString(), method=method, bits=bits)
        assert report.tensors[0].error > 0, method

"""Models of onnx's own backend tests, one in thirty: lossless is identical, others run and stay close."""

from __future__ import annotations

import warnings
from typing import Any

import nntc
import numpy as np
import onnxruntime
import pytest
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.case.test_case import TestCase

BOUND = 0.2  # of an output's norm: sums of a few terms may cancel


def cases() -> list[TestCase]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    return [case for case in found if case.model is not None and case.data_sets][::30]


def outputs_of(model: bytes, inputs: Any) -> list[Any] | None:
    """Return a model's outputs; None where onnxruntime does not run it."""
    try:
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_inputs()]
        return list(session.run(None, dict(zip(names, inputs, strict=True))))
    except Exception:  # whatever it is: the decoded model is compared with it
        return None


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_models_survive(case: TestCase) -> None:
    assert case.model is not None
    assert case.data_sets is not None
    onnxruntime.set_default_logger_severity(4)
    model = case.model.SerializeToString()
    assert nntc.decode_bytes(nntc.encode_bytes(model, method="lossless")[0]) == {None: model}
    before = outputs_of(model, case.data_sets[0][0])
    for options in ({"quality": 30}, {"method": "dct", "bits": 8}, {"method": "deep", "bits": 8}):
        data, report = nntc.encode_bytes(model, **options)
        decoded = nntc.decode_bytes(data)[None]
        assert decoded == model or report.error
        if decoded == model or before is None:
            continue
        after = outputs_of(decoded, case.data_sets[0][0])
        assert after is not None
        for one, other in zip(before, after, strict=True):
            if one.dtype.kind == "f":
                assert np.linalg.norm(other - one) <= BOUND * np.linalg.norm(one)
            else:
                assert np.array_equal(one, other)

"""Quantized models lose precision on the grid of their integers, and nothing else of them changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from tests.integer_models import Array, integers, model_of, node, qdq, samples, scales


def constants(model: onnx.ModelProto) -> dict[str, Array]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def coded(model: onnx.ModelProto, **options: Any) -> tuple[onnx.ModelProto, nntc.EncodeReport]:
    """Return a model encoded and decoded, and the report."""
    file, report = nntc.encode_bytes(model.SerializeToString(), **options)
    decoded = onnx.load_model_from_string(nntc.decode_bytes(file)[None])
    return decoded, report


def outputs(model: onnx.ModelProto) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, sample)[0] for sample in samples(8)])


def error(values: Array, others: Array) -> float:
    return float(np.linalg.norm(others - values) / np.linalg.norm(values))


@settings(max_examples=20, deadline=None)
@given(
    st.booleans(),
    st.sampled_from([np.int8, np.uint8]),
    st.integers(0, 99),
    st.sampled_from([12.0, 20.0, 28.0]),
    st.sampled_from(["outputs", "weights"]),
)
def test_only_weights_change_and_by_what_was_asked(
    per_channel: bool, kind: type, seed: int, quality: float, objective: str
) -> None:
    model = qdq(per_channel=per_channel, kind=kind, seed=seed)
    decoded, report = coded(model, quality=quality, objective=objective)
    before, after = constants(model), constants(decoded)
    assert {name for name in before if before[name].tobytes() != after[name].tobytes()} == {"w", "v"}
    errors = {tensor.name: tensor.error for tensor in report.tensors}
    for name, axis in (("w", 0), ("v", 1)):
        assert (after[name].dtype, after[name].shape) == (before[name].dtype, before[name].shape)
        zero, scale = before[f"{name}z"].max().astype(int), before[f"{name}s"].astype(float)
        if per_channel:
            scale = scale.reshape([-1 if i == axis else 1 for i in range(before[name].ndim)])
        real, other = ((own[name].astype(int) - zero) * scale for own in (before, after))
        assert errors[name] == pytest.approx(error(real, other))
        assert errors[name] < 3 * 10 ** (-quality / 20)
    assert error(outputs(model), outputs(decoded)) < 3 * 10 ** (-quality / 20)
    assert 0 < report.error < 1
    assert report.size < nntc.encode_bytes(model.SerializeToString(), method="lossless")[1].size


def test_what_is_as_fine_as_the_integers_stays_exact() -> None:
    model = qdq()
    decoded, report = coded(model, quality=45.0)
    assert decoded.SerializeToString() == model.SerializeToString()
    assert {t.note for t in report.tensors if t.name in "wv"} == {
        "its integers are hardly finer than what is asked for"
    }


def test_verifying_tells_how_far_integers_are_off(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(qdq(per_channel=False).SerializeToString())
    report = nntc.encode(model, tmp_path / "model.nntc", quality=20.0)
    found = nntc.verify(tmp_path / "model.nntc", model)
    errors = {tensor.name: tensor.error for tensor in report.tensors}
    for tensor in found.tensors:
        assert tensor.error == pytest.approx(errors.get(tensor.name, 0.0))
    assert found.error == pytest.approx(report.error, rel=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "lossless"},
        *({"method": method, "bits": 8} for method in ("quantization", "clustering", "dct", "deep")),
        {"method": "deep"},
        {"method": "deep", "bits": 4, "prune": 0.5, "biases": True},
    ],
)
def test_other_methods_keep_integers(options: dict[str, Any]) -> None:
    model = qdq()
    before, after = constants(model), constants(coded(model, **options)[0])
    assert all(before[name].tobytes() == after[name].tobytes() for name in "wvb")


def test_names_keep_integers_exact() -> None:
    model = qdq()
    before, after = constants(model), constants(coded(model, quality=15.0, exact=["w"])[0])
    assert before["w"].tobytes() == after["w"].tobytes()
    assert before["v"].tobytes() != after["v"].tobytes()


def test_samples_tell_where_integers_matter() -> None:
    model = qdq(seed=3)
    given = samples(40)
    plain, _ = coded(model, quality=14.0)
    size = nntc.encode_bytes(model.SerializeToString(), quality=14.0)[1].size
    better, report = coded(model, target_size=size, calibration=given[8:], trust_samples=True)
    assert report.is_calibrated
    assert error(outputs(model), outputs(better)) < error(outputs(model), outputs(plain))
    before, after = constants(model), constants(better)
    assert {name for name in before if before[name].tobytes() != after[name].tobytes()} == {"w", "v"}


def test_integer_operators_of_every_kind_are_run_as_before() -> None:
    zero, contrib = np.zeros(64, np.int8), {"domain": "com.microsoft"}
    one, none = np.array(0.02, np.float32), np.array(128, np.uint8)
    model = model_of(
        [
            node("QuantizeLinear", ["x", "s", "z"], ["a"]),
            node("QLinearConv", ["a", "s", "z", "c", "ws", "wz", "s", "z"], ["h"]),
            node("DequantizeLinear", ["h", "s", "z"], ["hd"]),
            node("GlobalAveragePool", ["hd"], ["p"]),
            node("Flatten", ["p"], ["f"]),
            node("QuantizeLinear", ["f", "s", "z"], ["q"]),
            node("QLinearMatMul", ["q", "s", "z", "m", "ws", "wz", "s", "z"], ["i"]),
            node("QGemm", ["i", "s", "z", "g", "ws", "wz"], ["j"], transB=1, **contrib),
            node("DynamicQuantizeMatMul", ["j", "d", "ws", "wz"], ["k"], **contrib),
            node("QuantizeLinear", ["k", "s", "z"], ["l"]),
            node("MatMulInteger", ["l", "n", "z"], ["o"]),
            node("Cast", ["o"], ["y"], to=1),
        ],
        ("n", 8, 6, 6),
        c=integers((64, 8, 3, 3)), m=integers((64, 64), seed=1), g=integers((64, 64), seed=2),
        d=integers((64, 64), seed=3), n=integers((64, 64), seed=4), ws=scales(64), wz=zero, s=one, z=none,
    )  # fmt: skip
    decoded, report = coded(model, quality=22.0)
    before, after = constants(model), constants(decoded)
    changed = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    assert changed == set("cmgdn")
    assert all(0 < tensor.error < 0.16 for tensor in report.tensors if tensor.name in changed)
    assert error(outputs(model).astype(float), outputs(decoded).astype(float)) < 0.5

"""Models with weights of 4 bits lose precision within their integers, and nothing else of them changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from tests.integer_models import Array, node
from tests.nibble_models import Made, behind, block_after_block, product, samples, table

WEIGHTS = {"a.w", "b.w", "c.w"}


def stored(model: onnx.ModelProto) -> dict[str, bytes]:
    return {tensor.name: tensor.SerializeToString() for tensor in model.graph.initializer}


def coded(model: onnx.ModelProto, **options: Any) -> tuple[onnx.ModelProto, nntc.EncodeReport]:
    """Return a model encoded and decoded, and the report."""
    file, report = nntc.encode_bytes(model.SerializeToString(), **options)
    return onnx.load_model_from_string(nntc.decode_bytes(file)[None]), report


def changed(model: onnx.ModelProto, other: onnx.ModelProto) -> set[str]:
    before, after = stored(model), stored(other)
    assert model.graph.node == other.graph.node
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def outputs(model: onnx.ModelProto, given: list[dict[str, Array]]) -> Array:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.concatenate([session.run(None, sample)[0] for sample in given])


def error(values: Array, others: Array) -> float:
    return float(np.linalg.norm(others - values) / np.linalg.norm(values))


@pytest.mark.parametrize("quality", [10.0, 16.0])
@pytest.mark.parametrize("objective", ["outputs", "weights"])
def test_only_weights_change_and_by_what_was_asked(quality: float, objective: str) -> None:
    model = block_after_block()
    decoded, report = coded(model, quality=quality, objective=objective)
    assert changed(model, decoded) == WEIGHTS
    assert error(outputs(model, samples()), outputs(decoded, samples())) < 3 * 10 ** (-quality / 20)
    errors = {tensor.name: tensor.error for tensor in report.tensors}
    assert all(0 < errors[name] < 2 * 10 ** (-quality / 20) for name in WEIGHTS)
    assert report.size < nntc.encode_bytes(model.SerializeToString(), method="lossless")[1].size


@pytest.mark.parametrize(
    "made",
    [
        product(n=96, k=112),
        product(n=96, k=112, zeros=True),
        behind(shape=(96, 112), scale=(112,), axis=1, zeros=True),
        behind(shape=(96, 112), scale=(6, 112), axis=0, block_size=16, signed=False, zeros=True),
    ],
)
def test_what_fills_up_a_block_stays(made: Made) -> None:
    decoded, _ = coded(made.model, quality=14.0)
    assert changed(made.model, decoded) == {"w"}
    own = error(outputs(made.model, made.samples), outputs(decoded, made.samples))
    assert 0 < own < 2 * 10 ** (-14 / 20)
    if made.model.graph.node[0].op_type == "MatMulNBits":  # 112 weights of each 128 count
        before, after = (
            np.frombuffer(next(t.raw_data for t in m.graph.initializer if t.name == "w"), np.uint8)
            for m in (made.model, decoded)
        )
        filling, other = (own.reshape(96, 64)[:, 56:] for own in (before, after))
        np.testing.assert_array_equal(filling, other)


def test_tables_lose_precision_too() -> None:
    made = table(rows=200, columns=96)
    model = made.model
    model.graph.node[0].output[0] = "looked up"
    model.graph.node.append(node("MatMul", ["looked up", "v"], ["y"]))
    model.graph.initializer.append(numpy_helper.from_array(np.eye(96, dtype=np.float32), "v"))
    decoded, _ = coded(model, quality=10.0, exact=["v"])
    assert changed(model, decoded) == {"w"}
    assert error(outputs(model, made.samples), outputs(decoded, made.samples)) < 2 * 10 ** (-10 / 20)


def test_samples_tell_where_weights_matter() -> None:
    model = block_after_block()
    given = samples(count=72)
    plain, report = coded(model, quality=12.0)
    better, other = coded(model, target_size=report.size, calibration=given[8:])
    assert other.is_calibrated
    assert other.size <= report.size
    assert changed(model, better) == WEIGHTS
    wanted = outputs(model, given[:8])
    assert error(wanted, outputs(better, given[:8])) < error(wanted, outputs(plain, given[:8]))


@pytest.mark.parametrize("options", [{"method": "lossless"}, {"method": "dct"}, {"quality": 60.0}])
def test_weights_stay_where_nothing_may_be_lost(options: dict[str, Any]) -> None:
    model = block_after_block()
    assert not changed(model, coded(model, **options)[0])


def test_names_keep_weights_exact() -> None:
    model = block_after_block()
    assert changed(model, coded(model, quality=12.0, exact=["b.*"])[0]) == WEIGHTS - {"b.w"}


def test_verifying_tells_which_weights_are_off(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    onnx.save(block_after_block(), model)
    nntc.encode(model, tmp_path / "model.nntc", quality=14.0)
    found = nntc.verify(tmp_path / "model.nntc", model)
    assert {tensor.name for tensor in found.tensors if tensor.error} == WEIGHTS

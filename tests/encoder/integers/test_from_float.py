"""Models of integers made of float models: kinds, and every limit and figure against the float model."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import onnxruntime
import pytest
from nntc.encoder.encode import encode_bytes
from nntc.encoder.report import EncodeReport
from nntc.errors import ModelError

from tests import networks

from .float_models import pictures, products, rows

VERSION = f"onnxruntime {onnxruntime.__version__}"
STATIC: dict[str, Any] = {"integers": "int8", "calibration": pictures(), "trust_samples": True}
"""Options that make `convolutions` static; its normalizations were trained on other pictures."""


@cache
def convolutions() -> bytes:
    return bytes(networks.decisive(16).SerializeToString())


def encoded(model: Any, **options: Any) -> tuple[bytes, EncodeReport, Counter[str]]:
    data, report = encode_bytes(model, **options)
    decoded = onnx.load_from_string(nntc.decode_bytes(data)[None])
    return data, report, Counter(node.op_type for node in decoded.graph.node)


def outputs(model: bytes, batches: list[dict[str, Any]]) -> Any:
    session = onnxruntime.InferenceSession(model)
    return np.concatenate([session.run(None, batch)[0] for batch in batches]).astype(np.float64)


def divergence(original: bytes, other: bytes, batches: list[dict[str, Any]]) -> float:
    """Return the mean KL divergence of the softmax of outputs."""

    def logs(scores: Any) -> Any:
        shifted = scores - scores.max(1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))

    p, q = (logs(outputs(model, batches)) for model in (original, other))
    return float((np.exp(p) * (p - q)).sum(1).mean())


def test_convolutions_become_static_int8() -> None:
    options: dict[str, Any] = {**STATIC, "quality": 25}
    data, report, operators = encoded(convolutions(), **options)
    assert operators["QuantizeLinear"] >= 3
    assert operators["BatchNormalization"] == 0
    assert report.integers is not None
    assert (report.integers.tool, report.integers.kind) == (VERSION, "static")
    assert report.original_size == len(convolutions())
    assert report.size == len(data) < report.integers.size
    assert encode_bytes(convolutions(), **options)[0] == data


def test_figures_are_against_the_float_model() -> None:
    measured = pictures(24, seed=8)
    options: dict[str, Any] = {**STATIC, "evaluation": measured}
    for method in ({"quality": 22}, {"method": "lossless"}):
        data, report, _ = encoded(convolutions(), **options, **method)
        decoded = nntc.decode_bytes(data)[None]
        expected = divergence(convolutions(), decoded, measured)
        assert report.fidelity is not None
        assert report.fidelity.divergence == pytest.approx(expected, rel=1e-3, abs=1e-6)
        assert report.integers is not None
        assert report.integers.alone is not None
        if report.error:
            assert report.integers.alone.divergence != report.fidelity.divergence
        else:  # nothing was lost after the integers
            assert report.integers.alone == report.fidelity
        with nntc.open(data) as container:
            assert container.notes is not None
            assert container.notes.outputs is not None
            assert container.notes.outputs.divergence == pytest.approx(expected, rel=1e-3, abs=1e-6)
            assert container.notes.encoder == f"nntc, integers by {VERSION} (static int8)"


def test_without_samples_integers_are_dynamic() -> None:
    _, report, operators = encoded(products(), integers="int8")
    assert operators["DynamicQuantizeLinear"] == operators["MatMulInteger"] == 3
    assert report.integers is not None
    assert (report.integers.kind, report.integers.alone) == ("dynamic", None)
    assert report.ratio == len(products().SerializeToString()) / report.size


def test_samples_that_contradict_the_model_make_no_ranges() -> None:
    _, report, operators = encoded(convolutions(), **STATIC | {"trust_samples": False})
    assert operators["QuantizeLinear"] == 0
    assert report.integers is not None
    assert report.integers.kind == "dynamic"
    assert any("the calibration samples" in remark for remark in report.remarks)


def test_the_nearer_kind_is_taken() -> None:
    _, report, operators = encoded(products(), integers="int8", calibration=rows(), quality=25)
    assert report.integers is not None
    assert report.integers.kind in ("static", "dynamic")
    assert (report.integers.kind == "dynamic") == (operators["MatMulInteger"] > 0)


@pytest.mark.parametrize("method", ["auto", "lossless"])
def test_products_become_int4(method: str) -> None:
    _, report, operators = encoded(products(), integers="int4", method=method, evaluation=rows())
    assert operators["MatMulNBits"] == 3
    assert report.integers is not None
    assert report.integers.kind == "blocks of 32"
    assert not report.remarks


def test_a_goal_holds_against_the_float_model() -> None:
    measured = pictures(64, seed=8)
    options: dict[str, Any] = {**STATIC, "evaluation": measured}
    data, report, _ = encoded(convolutions(), **options, max_divergence=0.1)
    assert report.goal is not None
    assert divergence(convolutions(), nntc.decode_bytes(data)[None], measured) <= 0.1


def test_a_goal_that_integers_alone_break_is_told_with_the_number() -> None:
    options: dict[str, Any] = {**STATIC, "evaluation": pictures(24, seed=8)}
    alone = encode_bytes(convolutions(), **options, method="lossless")[1].fidelity
    assert alone is not None
    with pytest.raises(ModelError) as caught:
        encode_bytes(convolutions(), **options, max_divergence=1e-7)
    assert caught.value.id == "E_GOAL"
    told = f"int8 integers: they alone, before anything is coded, come to {alone.lines[0]}"
    assert told in caught.value.message


def test_integers_that_spoil_all_are_warned_of() -> None:
    wide = [{"image": 1e-4 * sample["image"]} for sample in pictures()]
    options: dict[str, Any] = {**STATIC, "calibration": wide, "evaluation": pictures(24, seed=8)}
    remarks = encode_bytes(convolutions(), **options, method="lossless")[1].remarks
    assert any(
        own.startswith("WARNING: int8 integers alone take outputs far from the original's: ")
        for own in remarks
    )


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    onnx.save(networks.decisive(16), model, save_as_external_data=True, location="w", size_threshold=0)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    report = nntc.encode(model, tmp_path / "model.nntc", report=tmp_path / "page.html", **STATIC)
    with pytest.raises(ModelError):
        nntc.encode(model, tmp_path / "none.nntc", integers="int4")
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    page = written.pop("page.html").decode()
    assert len(written.pop("model.nntc")) == report.size
    assert written == before
    assert report.integers is not None
    assert report.integers.lines[0] in page
    assert asdict(report)["integers"]["kind"] == "static"

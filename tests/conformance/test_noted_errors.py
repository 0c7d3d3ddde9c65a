"""Errors that an encoder notes are those of the file, in every place that shows them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.cli import main
from nntc.conformance.check import check
from nntc.conformance.noted_errors import wrong_errors
from nntc.reader.info import describe

from tests import networks

MODEL = networks.decisive(16)


@cache
def images() -> list[dict[str, Any]]:
    coarse = np.random.default_rng(3).normal(0, 3, (32, 1, 3, 4, 4))
    return [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]


KINDS: dict[str, dict[str, Any]] = {
    "lossless": {"method": "lossless"},
    "auto": {"quality": 25},
    "dct": {"method": "dct", "bits": 4},
    "deep": {"method": "deep", "bits": 3},
    "calibrated": {"quality": 20, "calibration": images()},
}


def write(folder: Path, kind: str) -> tuple[Path, Path, nntc.EncodeReport]:
    """Write a model with one tensor twice, in files of its own where the kind is external."""
    model = onnx.ModelProto()
    model.CopyFrom(MODEL)
    copy = model.graph.initializer.add()
    copy.CopyFrom(model.graph.initializer[0])
    copy.name = "copy"
    model.graph.node.add(op_type="Conv", input=["image", "copy"], output=["other"])
    original, coded = folder / "m.onnx", folder / "m.nntc"
    onnx.save(model, original, save_as_external_data=kind == "auto", location="weights")
    return original, coded, nntc.encode(original, coded, **KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_all_places_have_one_error(tmp_path: Path, kind: str) -> None:
    original, coded, report = write(tmp_path, kind)
    verified = nntc.verify(coded, original)
    with nntc.open(coded) as container:
        told = describe(container)
    assert verified.error == pytest.approx(report.error, rel=1e-6)
    if kind == "lossless":
        assert not any(tensor.error for tensor in told.tensors)
        return
    assert told.totals.error == pytest.approx(report.error, rel=1e-3)
    true = {tensor.name: tensor.error for tensor in verified.tensors}
    for tensor in told.tensors:
        assert tensor.error == pytest.approx(true[tensor.name], rel=1e-3, abs=1e-7)
    for coded_tensor in report.tensors:
        assert coded_tensor.error == pytest.approx(true[coded_tensor.name], rel=1e-6)
    assert check(coded, original).findings == ()


def test_errors_that_are_not_true_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original, coded, _ = write(tmp_path, "dct")
    model = onnx.load(original)
    values = onnx.numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].raw_data = (values * np.float32(1.5)).tobytes()
    onnx.save(model, original)
    wrong = list(wrong_errors(coded, original))
    assert len(wrong) == 1
    assert "noted for 'first'" in wrong[0]
    with pytest.raises(SystemExit) as ended:
        main(["conformance", "check", str(coded), "--original", str(original)])
    assert ended.value.code == 1
    assert "error: R-272: an error of" in capsys.readouterr().out


def test_info_shows_outputs_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # names of folders take no lines
    _, coded, report = write(tmp_path, "calibrated")
    assert report.fidelity is not None
    with pytest.raises(SystemExit):
        main(["info", coded.name])
    head = " ".join(capsys.readouterr().out.partition("\nSections\n")[0].split())
    outputs = head.partition("outputs, measured by the encoder: ")[2]
    assert outputs.startswith(f"{report.fidelity.measure} ")
    assert outputs.endswith(f"on {report.fidelity.samples} {report.fidelity.measured_on} samples")


def test_external_data_elsewhere_is_followed_only_if_that_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    original, coded, _ = write(folder, "auto")
    (folder / "weights").rename(tmp_path / "blob")
    (folder / "weights").symlink_to(tmp_path / "blob")
    with pytest.raises(nntc.ModelError, match=r"E_EXTERNAL.* is a link"):
        check(coded, original)
    assert check(coded, original, follow_links=True).findings == ()
    words = ["conformance", "check", str(coded), "--original", str(original)]
    for more, code in (([], 1), (["--follow-links"], 0)):
        with pytest.raises(SystemExit) as ended:
            main([*words, *more])
        assert ended.value.code == code
    assert "E_EXTERNAL" in capsys.readouterr().err

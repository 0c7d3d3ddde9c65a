"""Goals from the outside: the smallest file that answers as asked, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.encoding import build
from nntc.encoder.goals.goal import GoalTry
from nntc.encoder.model import open_model
from nntc.encoder.options import check_options
from nntc.encoder.prepare import calibrate
from nntc.encoder.samples import load_samples
from nntc.encoder.workers import Workers
from onnx import helper

from tests import digits, networks


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the network and samples."""
    folder = tmp_path_factory.mktemp("digits")
    digits.write_network(folder)
    digits.write_samples(folder / "labelled.npz", 200)
    return folder


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        ({"max_divergence": 0.02}, lambda f: f.divergence <= 0.02),
        ({"min_agreement": 0.97, "confidence": 0.6}, lambda f: f.agreement.count >= 194),
        ({"max_drop": 2.0, "metric": "top1"}, lambda f: f.top1.count >= f.original_top1.count - 4),
    ],
)
def test_goals_are_met_by_the_file_itself(
    goal: dict[str, Any], reached: Any, folder: Path, tmp_path: Path
) -> None:
    tries: list[GoalTry] = []
    target = tmp_path / "m.nntc"
    evaluation = folder / "labelled.npz"
    report = nntc.encode(folder / "digits.onnx", target, **goal, evaluation=evaluation, tried=tries.append)
    found = report.goal
    assert found is not None
    assert found.tries == tuple(tries)
    assert found.reached in tries
    assert found.reached.size == report.size == target.stat().st_size
    assert reached(found.reached.fidelity)
    assert report.fidelity == found.reached.fidelity
    assert report.size == min(t.size for t in tries if t.is_met)
    assert f"on 200 {found.measured_on} samples" in found.text
    assert report.ratio > 12


def test_the_quality_reached_gives_the_same_file_with_any_threads(tmp_path: Path) -> None:
    model = networks.classifier(width=16).SerializeToString()
    draw = np.random.default_rng(1)
    samples = [{"image": draw.normal(size=(1, 3, 12, 12)).astype(np.float32)} for _ in range(30)]
    report = nntc.encode(model, tmp_path / "1.nntc", max_divergence=1e-3, evaluation=samples)
    assert report.goal is not None
    quality = report.goal.reached.quality
    threaded = nntc.encode(model, tmp_path / "2.nntc", max_divergence=1e-3, evaluation=samples, jobs=3)
    plain = nntc.encode(model, tmp_path / "3.nntc", quality=quality, evaluation=samples)
    assert threaded == report
    assert plain.fidelity == report.fidelity
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_what_cannot_be_reached_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """A network that turns the least error into another answer agrees with nothing."""
    draw = np.random.default_rng(0)
    model = networks.model_of(
        [
            helper.make_node("MatMul", ["x", "v"], ["first"]),
            helper.make_node("MatMul", ["first", "w"], ["h"]),
            helper.make_node("Mul", ["h", "much"], ["turns"]),
            helper.make_node("Sin", ["turns"], ["chaos"]),
            helper.make_node("Softmax", ["chaos"], ["y"]),
        ],
        {
            "v": np.eye(16, dtype=np.float32),
            "w": draw.normal(size=(16, 64)).astype(np.float32),
            "much": np.array(1e6, np.float32),
        },
        {"x": [1, 16]},
        {"y": [1, 64]},
    )
    target = tmp_path / "m.nntc"
    target.write_text("what was there before")
    samples = [{"x": draw.normal(size=(1, 16)).astype(np.float32)} for _ in range(10)]
    with pytest.raises(nntc.ModelError, match="at least 100% cannot be reached: at 90 dB") as e:
        nntc.encode(model.SerializeToString(), target, min_agreement=1.0, evaluation=samples)
    assert e.value.id == "E_GOAL"
    assert [path.name for path in tmp_path.iterdir()] == ["m.nntc"]
    assert target.read_text() == "what was there before"


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        ({"max_divergence": 0.0}, "max divergence must be above 0"),
        ({"max_divergence": float("nan")}, "max divergence must be above 0"),
        ({"min_agreement": 99}, "min agreement must be above 0 and at most 1"),
        ({"min_agreement": 0}, "min agreement must be above 0 and at most 1"),
        ({"max_drop": -1}, "0 to 100 percentage points"),
        ({"max_drop": 1, "metric": "top3"}, "top3"),
        ({"min_agreement": 0.9, "metric": "top1"}, "metric is for max drop"),
        ({"min_agreement": 0.9, "ratio": 5}, "name one goal, not ratio and min_agreement"),
        ({"min_agreement": 0.9, "max_drop": 1}, "name one goal, not min_agreement and max_drop"),
        ({"method": "dct", "min_agreement": 0.9}, "min agreement is for the method auto"),
        ({"method": "lossless", "max_drop": 1}, "max drop is for the method auto"),
    ],
)
def test_goals_that_are_none(chosen: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        check_options(evaluation="samples.npz", **chosen)


@pytest.mark.parametrize("goal", [{"min_agreement": 0.9}, {"max_divergence": 1}, {"max_drop": 1}])
def test_goals_need_samples(goal: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"needs .*evaluation"):
        check_options(**goal)


def test_any_method_can_be_measured(folder: Path, tmp_path: Path) -> None:
    report = nntc.encode(
        folder / "digits.onnx", tmp_path / "m.nntc", method="lossless", evaluation=folder / "labelled.npz"
    )
    assert report.goal is None
    assert report.fidelity is not None
    assert report.fidelity.agreement is not None
    assert report.fidelity.agreement.value == 1


def test_goals_are_measured_on_samples_held_out_of_calibration(tmp_path: Path) -> None:
    model = networks.decisive().SerializeToString()
    draw = np.random.default_rng(3)
    coarse = draw.normal(0, 3, (64, 1, 3, 4, 4))
    samples = [{"image": np.kron(image, np.ones((3, 3))).astype(np.float32)} for image in coarse]
    report = nntc.encode(
        model, tmp_path / "m.nntc", max_divergence=0.1, calibration=samples, trust_samples=True
    )
    assert report.goal is not None
    assert report.goal.measured_on == "held-out calibration"
    assert "on 16 held-out calibration samples" in report.goal.text
    assert not any("evaluation samples" in remark for remark in report.remarks)
    kept = [sample for number, sample in enumerate(samples) if number % 4]
    quality = report.goal.reached.quality
    with open_model(model) as opened, Workers(1) as workers:
        loaded = load_samples(kept, opened.network().inputs)
        data, _ = build(opened, calibrate(opened, loaded), check_options(quality=quality), workers)
    assert nntc.decode_bytes(data) == nntc.decode_bytes(tmp_path / "m.nntc")
    plain = nntc.encode(model, tmp_path / "plain.nntc", max_divergence=0.1, evaluation=samples[::4])
    assert report.size < plain.size


def test_measuring_on_calibration_samples_is_told(tmp_path: Path) -> None:
    model = networks.classifier(width=16).SerializeToString()
    draw = np.random.default_rng(3)
    samples = [{"image": draw.normal(size=(1, 3, 12, 12)).astype(np.float32)} for _ in range(8)]
    report = nntc.encode(model, tmp_path / "m.nntc", calibration=samples, evaluation=samples[5:])
    assert "3 of 3 evaluation samples are calibration samples too" in report.remarks


def test_models_with_external_data_are_measured(folder: Path, tmp_path: Path) -> None:
    model = onnx.load(folder / "digits.onnx")
    source = tmp_path / "external.onnx"
    onnx.save(model, source, save_as_external_data=True, location="weights.bin", size_threshold=0)
    inside = tmp_path / "inside.nntc"
    evaluation = digits.write_samples(tmp_path / "s.npz", 20)
    report = nntc.encode(source, inside, quality=8, evaluation=evaluation)
    plain = nntc.encode(folder / "digits.onnx", tmp_path / "p.nntc", quality=8, evaluation=evaluation)
    assert report.fidelity == plain.fidelity

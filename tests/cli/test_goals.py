"""Goals, measures and pages as a user of the command sees them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.cli import output
from onnx import helper

from tests import networks
from tests.cli.conftest import Command

DOUBT = (
    "nntc: note: check the samples that are measured on: "
    "the model's outputs hardly differ from sample to sample\n"
)
"""What is said of noise, which tells an untrained network nothing."""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def classifier(folder: Path) -> Path:
    """Write a classifier and samples of its input, with labels and without."""
    path = folder / "model.onnx"
    path.write_bytes(networks.classifier(width=16).SerializeToString())
    images = np.random.default_rng(2).normal(size=(40, 3, 12, 12)).astype(np.float32)
    np.savez("plain.npz", image=images)
    np.savez("labelled.npz", image=images, labels=np.arange(40))
    return Path("model.onnx")


def test_a_goal(classifier: Path, nntc: Command) -> None:
    done = nntc("encode", classifier, "m.nntc", "--min-agreement", "0.9", "--evaluation", "plain.npz")
    assert (done.code, done.err) == (0, DOUBT)
    first, second, third, *promise, weights = done.out.splitlines()
    assert first.startswith(f"m.nntc: {Path('m.nntc').stat().st_size:,} bytes")
    assert re.fullmatch(r"same top answer \d\d\.\d\d% \(95% interval .* to .*\)", second)
    assert re.fullmatch(r"on 40 evaluation samples; \d+ encodings tried", third)
    held = (
        r"holds for 200 other samples with 90% confidence; .* \d\d\.\d\d% \(with 160 samples: \d\d\.\d\d%\)"
    )
    assert re.fullmatch(held, " ".join(line.strip() for line in promise))
    assert re.fullmatch(r"weights off by \S+%", weights)


def test_a_goal_as_json(classifier: Path, nntc: Command) -> None:
    goal = ["--max-drop", "5", "--metric", "top5", "--evaluation", "labelled.npz"]
    report = nntc("encode", classifier, "m.nntc", *goal, "--json").json
    assert report["goal"]["goal"] == {
        "kind": "max_drop",
        "limit": 5,
        "metric": "top5",
        "confidence": 0.9,
    }
    assert report["goal"]["reached"] in report["goal"]["tries"]
    assert report["goal"]["reached"]["size"] == report["size"] == Path("m.nntc").stat().st_size
    assert report["goal"]["measured_on"] == "evaluation"
    assert report["fidelity"]["original_top5"]["total"] == 40


def test_a_measure_without_a_goal(classifier: Path, nntc: Command) -> None:
    shown = nntc("encode", classifier, "m.nntc", "--evaluation", "labelled.npz").out
    wanted = r"^on 40 evaluation samples:\n  KL divergence in nats \S+\n  same top .*\n  top1 .*, top5 .*\n"
    assert re.search(wanted, shown, re.M)
    assert max(map(len, shown.splitlines())) <= 80


def test_a_page(classifier: Path, nntc: Command) -> None:
    assert nntc("encode", classifier, "m.nntc", "--report", "m.html").code == 0
    assert Path("m.html").read_text().startswith("<!DOCTYPE html>")
    assert nntc("encode", classifier, "m.nntc", "--report", "./m.nntc").code == 2
    assert nntc("encode", classifier, "m.nntc", "--report", classifier).code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--max-drop", "1", "--evaluation", "plain.npz"], 1, "nntc: E_SAMPLES: "),
        (["--min-agreement", "0.9", "--evaluation", "wrong.npz"], 1, "nntc: E_SAMPLES: wrong.npz: expected"),
        (["--min-agreement", "0.9", "--evaluation", "model.onnx"], 1, "nntc: E_SAMPLES: "),
        (["--min-agreement", "0.9", "--evaluation", "empty"], 1, "nntc: E_SAMPLES: there are no samples"),
        (["--min-agreement", "0.9", "--evaluation", "none.npz"], 2, "cannot open 'none.npz'"),
        (["--min-agreement", "0.9"], 2, "needs samples"),
        (["--max-drop", "1"], 2, "needs evaluation samples with labels"),
        (["--min-agreement", "99", "--evaluation", "plain.npz"], 2, "at most 1"),
        (["--report", "none/m.html"], 2, "there is no folder 'none'"),
    ],
)
def test_what_cannot_be_done_leaves_nothing(
    arguments: list[str], code: int, reason: str, classifier: Path, nntc: Command, folder: Path
) -> None:
    np.savez("wrong.npz", picture=np.zeros((4, 3, 12, 12), np.float32))
    Path("empty").mkdir()
    Path("m.nntc").write_text("what was there before")
    before = sorted(path.name for path in folder.iterdir())
    outcome = nntc("encode", classifier, "m.nntc", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert reason in outcome.err.replace("\n", " ")
    assert sorted(path.name for path in folder.iterdir()) == before
    assert Path("m.nntc").read_text() == "what was there before"


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("onnxruntime", ["encode", "model.onnx", "m.nntc", "--evaluation", "plain.npz"], "runtime"),
        ("onnxruntime", ["encode", "model.onnx", "m.nntc", "--integers", "int8"], "runtime"),
        ("jinja2", ["encode", "model.onnx", "m.nntc", "--report", "m.html"], "report"),
        ("matplotlib", ["sweep", "model.onnx", "--evaluation", "plain.npz", "--out", "curves"], "plot"),
    ],
)
def test_what_is_missing_is_named(
    module: str,
    arguments: list[str],
    extra: str,
    classifier: Path,
    nntc: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert classifier.exists()
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setitem(sys.modules, module, None)
    outcome = nntc(*arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("nntc: ")
    assert f"pip install 'nntc[{extra}]'" in outcome.err
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_sweep(classifier: Path, nntc: Command) -> None:
    options = ["--evaluation", "labelled.npz", "--methods", "auto, dct", "--points", "2"]
    done = nntc("sweep", classifier, *options, "--out", "curves")
    assert (done.code, done.err) == (0, DOUBT)
    assert sorted(path.name for path in Path("curves").iterdir()) == [
        "sweep.csv", "sweep.json", "sweep.png", "sweep.svg"
    ]  # fmt: skip
    assert re.search(r"^auto +34 dB +[\d,]+ ", done.out, re.MULTILINE)
    assert done.out.endswith("curves: sweep.csv, sweep.json, sweep.png, sweep.svg\n")
    assert len(Path("curves/sweep.csv").read_text().splitlines()) == 5
    again = nntc("sweep", classifier, *options, "--out", "curves", "--json", "--no-picture")
    assert [point["method"] for point in again.json["points"]] == ["auto", "auto", "dct", "dct"]
    assert again.json["files"] == ["sweep.csv", "sweep.json"]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--evaluation", "plain.npz", "--out", "curves", "--methods", "jpeg"], 2, "'jpeg' is not one of"),
        (["--evaluation", "plain.npz", "--out", "curves", "--methods", ","], 2, "name a method"),
        (["--evaluation", "plain.npz", "--out", "none/curves"], 2, "there is no folder 'none'"),
        (["--evaluation", "plain.npz", "--out", "model.onnx"], 2, "is not a folder"),
        (["--evaluation", "plain.npz"], 2, "Missing option"),
        (["--out", "curves"], 2, "needs --calibration"),
        (["--evaluation", "plain.npz", "--out", "c", "--methods", "calibrated"], 2, "needs --calibration"),
        (["--evaluation", "bad.npz", "--out", "curves"], 1, "E_SAMPLES"),
    ],
)
def test_a_sweep_that_fails_leaves_nothing(
    arguments: list[str], code: int, reason: str, classifier: Path, nntc: Command, folder: Path
) -> None:
    Path("bad.npz").write_bytes(b"PK\x03\x04 no archive")
    before = sorted(path.name for path in folder.iterdir())
    outcome = nntc("sweep", classifier, *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert reason in outcome.err.replace("\n", " ")
    assert sorted(path.name for path in folder.iterdir()) == before


INTERRUPTED = """
import sys, time
import nntc.encoder.goals.evaluation as evaluation
from nntc.cli import main

measure = evaluation.Evaluator.measure

def stop_in_the_middle(self, network, progress):
    found = measure(self, network, progress)
    print("measured", flush=True)
    time.sleep(60)
    return found

evaluation.Evaluator.measure = stop_in_the_middle
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "command",
    [
        ["encode", "model.onnx", "m.nntc", "--min-agreement", "0.9", "--report", "m.html"],
        ["sweep", "model.onnx", "--out", "curves"],
    ],
)
def test_interruption_leaves_nothing(
    command: list[str], classifier: Path, start: Start, folder: Path
) -> None:
    assert classifier.exists()
    before = sorted(path.name for path in folder.iterdir())
    process = start("-c", INTERRUPTED, *command, "--evaluation", "plain.npz")
    assert process.stdout is not None
    assert process.stdout.readline() == "measured\n"
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, "")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_tries_are_told_on_a_terminal(
    classifier: Path, nntc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(output.Bar, "__call__", lambda _, event: said.append(event.text))
    goal = ["--max-divergence", "0.1", "--evaluation", "plain.npz"]
    assert nntc("encode", classifier, "m.nntc", *goal).code == 0
    assert said[0] == "running the original, sample 1 of 40"
    assert "searching, try 1: encoding, tensor 1 of 2" in said
    assert "searching, try 1: measuring, sample 40 of 40" in said
    assert any(re.match(r"searching, try 2, goal met with [\d,]+ bytes: encoding", text) for text in said)


def test_options_stand_under_headings(nntc: Command) -> None:
    shown = nntc("encode", "--help").out
    heads = re.findall(r"^(\S.*):$", shown, re.MULTILINE)
    assert heads[0] == "How"
    assert heads[-1] == "Options"
    goals = shown[shown.index("How small or how close") : shown.index("Samples of")]
    for option in ("--quality", "--ratio", "--max-divergence", "--min-agreement", "--max-drop", "--metric"):
        assert option in goals


def test_weights_are_called_fitted_to_samples_only_where_these_were_used(
    classifier: Path, nntc: Command
) -> None:
    images = np.random.default_rng(2).normal(size=(40, 3, 12, 12)).astype(np.float32)
    np.savez("strong.npz", image=40 * images * np.linspace(-1, 1, 3)[None, :, None, None].astype(np.float32))
    options = "--quality", "12", "--calibration"
    used = nntc("encode", classifier, "a.nntc", *options, "strong.npz", "--trust-samples")
    unused = nntc("encode", classifier, "b.nntc", *options, "plain.npz")
    assert "encoded without the calibration samples" not in used.err
    assert "weights are fitted to the calibration samples" in used.out
    assert "encoded without the calibration samples" in unused.err
    assert "fitted" not in unused.out
    assert re.search(r"^weights off by [0-9.]+%$", unused.out, re.MULTILINE)


@pytest.mark.parametrize("which", ["calibration", "evaluation"])
def test_values_that_the_model_itself_gives_and_are_not_finite_are_told(which: str, nntc: Command) -> None:
    weights = np.random.default_rng(1).normal(size=(16, 64)).astype(np.float32)
    layer, divide = helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Div", ["h", "g"], ["y"])
    model = networks.model_of([layer, divide], {"w": weights}, {"x": (1, 16), "g": (1, 1)}, {"y": (1, 64)})
    onnx.save(model, "m.onnx")
    rows = np.random.default_rng(2).normal(size=(20, 16)).astype(np.float32)
    np.savez("s.npz", x=rows, g=np.zeros((20, 1), np.float32))
    done = nntc("encode", "m.onnx", "m.nntc", f"--{which}", "s.npz")
    assert done.code == 0
    assert re.search(r"WARNING: the model itself gives values that are not finite on (\d+) of \1 ", done.err)
    assert "the model's outputs for the samples are not finite" in done.err

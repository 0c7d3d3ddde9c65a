"""`nntc info` of a model: what it holds, and what encoding would do with it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.cli.conftest import Command, network


def test_a_model_for_people(model: Path, nntc: Command) -> None:
    shown = nntc("info", model)
    assert (shown.code, shown.err) == (0, "")
    lines = [" ".join(line.split()) for line in shown.out.splitlines()]
    size = model.stat().st_size
    assert lines[:5] == [
        f"model.onnx: ONNX model, {size:,} bytes",
        "IR version 8, operators of ai.onnx 17",
        "inputs: x float32 (1, 4, 5, 5)",
        "outputs: y float32 (1, 8, 3, 3)",
        "layers: 1 Conv",
    ]
    assert "kernel convolution float32 8x4x3x3 lossy, small 1,152" in lines
    assert "bias float32 8 graph 32" in lines
    assert max(map(len, shown.out.splitlines())) <= 80


def test_a_model_as_json_adds_up(nntc: Command) -> None:
    model = network(external=True)
    about = nntc("info", model, "--json").json
    assert about["file"] == "model.onnx"
    assert about["files"] == 2
    assert about["size"] == model.stat().st_size + Path("model.bin").stat().st_size
    assert about["opsets"] == {"ai.onnx": 17}
    assert about["inputs"] == [{"name": "x", "type": "float32", "shape": [1, 4, 5, 5]}]
    assert sum(tensor["bytes"] for tensor in about["tensors"]) + about["rest"] == about["size"]
    for field in ("coding", "role"):
        totals = about["totals"][field].values()
        assert sum(t["tensors"] for t in totals) == len(about["tensors"]) == 2
        assert sum(t["bytes"] for t in totals) + about["rest"] == about["size"]


def test_it_says_what_encoding_then_does(nntc: Command) -> None:
    draw = np.random.default_rng(1)
    constants = {
        "w": draw.normal(size=(64, 64)).astype(np.float32),
        "same": None,
        "table": draw.normal(size=(40, 40)).astype(np.float32),
        "ids": np.arange(100, dtype=np.int64),
    }
    constants["same"] = constants["w"]
    initializers = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("MatMul", ["a", "same"], ["y"]),
        helper.make_node("Frobnicate", ["table"], ["z"], domain="custom"),
        helper.make_node("Identity", ["ids"], ["i"]),
    ]
    values = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ("n", 64)) for n in ("x", "y")]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], initializers)
    Path("m.onnx").write_bytes(helper.make_model(graph, ir_version=8).SerializeToString())
    planned = {t["name"]: t for t in nntc("info", "m.onnx", "--json").json["tensors"]}
    assert {name: t["coding"] for name, t in planned.items()} == {
        "w": "lossy",
        "same": "copy",
        "table": "exact",
        "ids": "exact",
    }
    assert planned["table"]["reason"] == "its use is not known"
    assert planned["ids"]["reason"] == ""
    report = nntc("encode", "m.onnx", "m.nntc", "--json").json
    assert {t["name"]: t["error"] > 0 for t in report["tensors"]} == {"w": True, "table": False, "ids": False}


def test_tensors_that_are_not_listed_are_told_of(nntc: Command) -> None:
    values = np.random.default_rng(1).normal(size=4096).astype(np.float16).view(np.uint16).tolist()
    weights = onnx.TensorProto(name="w", dims=[64, 64], data_type=10, int32_data=values)
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [], [], [weights])
    onnx.save(helper.make_model(graph), "m.onnx")
    shown = nntc("info", "m.onnx").out
    assert "1 tensor of floats" in shown
    assert "held as varints (int32_data) and coded" in shown
    assert "role" not in shown  # no tables without rows
    assert "Tensors" not in shown
    assert len(nntc("info", "m.onnx", "--json").json["remarks"]) == 1


def test_files_of_other_kinds_are_still_refused(nntc: Command) -> None:
    Path("page.onnx").write_text("<html></html>")
    assert nntc("info", "page.onnx").code == 1
    data = network().read_bytes()
    Path("half.onnx").write_bytes(data[: len(data) // 2])
    outcome = nntc("info", "half.onnx")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("nntc: E_")


def test_a_missing_extra_is_named(model: Path, nntc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "nntc.encoder.model_info", raising=False)
    outcome = nntc("info", model)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "nntc: E_EXTRA: nntc info needs more: pip install 'nntc[encode]'\n"

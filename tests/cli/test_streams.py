"""Output of all commands: 80 columns in a file, any encoding, nothing that controls a terminal."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from nntc.cli import main
from onnx import helper, numpy_helper

from tests.cli.conftest import Command

NAMES = [
    "model.transformer.encoder.layers.11.self_attention.query_key_value_projection.weight." * 2,
    "权重" * 50,
    "hostile\x1b[31m\x9b2J\r\u202e\nE_FAKE: " + "\x1b]0;title\x07" * 12,
]


def classifier(path: Path) -> None:
    """Write a classifier whose tensors and output have long and hostile names."""
    draw = np.random.default_rng(1)
    sizes = [16, 48, 40, 12]
    nodes: list[onnx.NodeProto] = []
    tensors: list[onnx.TensorProto] = []
    before = "x"
    for name, rows, columns in zip(NAMES, sizes, sizes[1:], strict=False):
        weights = draw.normal(size=(rows, columns)).astype(np.float32)
        tensors.append(numpy_helper.from_array(weights, name))
        nodes.append(helper.make_node("MatMul", [before, name], [before := f"{len(nodes)} out"]))
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ("n", 16))],
        [helper.make_tensor_value_info(before, onnx.TensorProto.FLOAT, ("n", 12))],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


COMMANDS = [
    ["encode", "model.onnx", "m.nntc"],
    ["encode", "model.onnx", "m.nntc", "--evaluation", "samples.npz"],
    ["encode", "model.onnx", "m.nntc", "--evaluation", "samples.npz", "--calibration", "samples.npz"],
    ["encode", "model.onnx", "m.nntc", "--evaluation", "samples.npz", "--min-agreement", "0.9"],
    ["encode", "model.onnx", "m.nntc", "--evaluation", "samples.npz", "--max-drop", "9"],
    ["encode", "model.onnx", "m.nntc", "-m", "deep", "--prune", "0.5", "--bits", "4"],
    ["encode", "model.onnx", "m.nntc", "--json"],
    ["info", "model.onnx"],
    ["info", "model.onnx", "--json"],
    ["info", "first.nntc"],
    ["verify", "first.nntc", "model.onnx"],
    ["decode", "first.nntc", "again.onnx"],
    ["conformance", "check", "first.nntc", "--original", "model.onnx"],
    ["sweep", "model.onnx", "--evaluation", "samples.npz", "--out", "c", "--no-picture", "--points", "2"],
    *([*command, "--help"] for command in (
        ["encode"], ["decode"], ["info"], ["verify"], ["sweep"], ["demo"], ["conformance"],
        ["conformance", "check"], ["conformance", "run"],
    )),
    ["--help"],
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    classifier(folder / "model.onnx")
    draw = np.random.default_rng(2)
    images = 3 * draw.normal(size=(40, 16)).astype(np.float32)
    np.savez(folder / "samples.npz", x=images, labels=draw.integers(0, 12, 40))
    with pytest.raises(SystemExit):
        main(["encode", str(folder / "model.onnx"), str(folder / "first.nntc"), "--quality", "20"])
    return folder


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_all_commands(
    command: list[str], encoding: str, made: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if encoding != "cp1252" and "--evaluation" in command:
        return  # once is enough for what takes long
    shutil.copytree(made, folder, dirs_exist_ok=True)
    raw = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(stream, encoding=encoding, errors="strict") for stream in raw)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit) as ended:
        main(command)
    out.flush()
    err.flush()
    assert ended.value.code == 0, raw[1].getvalue()
    shown, notes = (stream.getvalue().decode(encoding) for stream in raw)
    for line in (shown + notes).split("\n"):
        assert line.isprintable()
    if "--json" not in command:
        assert max(map(columns, shown.splitlines())) <= 80
    assert not any(line.startswith("E_FAKE") for line in (shown + notes).splitlines())


def columns(line: str) -> int:
    return sum(1 + (character in "权重") for character in line)


@pytest.mark.parametrize(
    "arguments",
    [
        ["encode", "{}.onnx", "m.nntc"],
        ["encode", "model.onnx", "m.nntc", "--{}"],
        ["encode", "model.onnx", "m.nntc", "-m", "{}"],
        ["encode", "model.onnx", "m.nntc", "--exact", "{}"],
        ["encode", "model.onnx", "m.nntc", "--dask", "{}"],
        ["decode", "{}.nntc", "m.onnx"],
        ["decode", "named{}.nntc", "m.onnx"],
        ["info", "--{}"],
        ["conformance", "{}"],
        ["conformance", "run", "--decoder", "{}"],
        ["conformance", "run", "--suite", "{}", "--decoder", "d {{input}} {{output}}"],
        ["{}"],
    ],
)
def test_errors_show_what_is_wrong_without_obeying_it(
    arguments: list[str], made: Path, folder: Path, nntc: Command
) -> None:
    shutil.copytree(made, folder, dirs_exist_ok=True)
    hostile = "权\x1b[31m\x9b\r\x07\u202e"
    Path(f"named{hostile}.nntc").write_bytes(b"no such format")
    outcome = nntc(*(argument.format(hostile) for argument in arguments))
    assert outcome.code in (1, 2)
    assert outcome.out == ""
    assert all(line.isprintable() for line in outcome.err.split("\n"))


def test_errors_of_files_are_one_line_whatever_the_names_in_them(nntc: Command) -> None:
    name = "weights\n\x1b[2J"
    tensor = numpy_helper.from_array(np.ones(4, np.float32), name)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=f"{name}.bin")
    tensor.ClearField("raw_data")
    graph = helper.make_graph([helper.make_node("Identity", [name], ["y"])], "g", [], [], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    Path("model.onnx").write_bytes(model.SerializeToString())
    outcome = nntc("encode", "model.onnx", "m.nntc")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert outcome.err.removesuffix("\n").isprintable()

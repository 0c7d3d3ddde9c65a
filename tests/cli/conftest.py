from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from nntc.cli import main
from onnx import helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Command = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def nntc(capsys: pytest.CaptureFixture[str]) -> Command:
    """Return the command, run in this process."""

    def run(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, captured.out, captured.err)

    return run


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts Python in a process of its own, as `python ARGUMENTS`."""
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # tests that a shell runs in the background
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    begun: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT / "codec")}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        begun.append(subprocess.Popen([sys.executable, *arguments], text=True, env=environment, **options))
        return begun[-1]

    yield begin
    for process in begun:
        with process:
            process.kill()
    if ignored:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def network(scale: float = 1, *, name: str = "model.onnx", external: bool = False) -> Path:
    """Write a small convolutional network with a bias that is too small for a section."""
    draw = np.random.default_rng(1)
    kernel = (scale * draw.normal(size=(8, 4, 3, 3))).astype(np.float32)
    bias = draw.normal(size=8).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "kernel", "bias"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1, 4, 5, 5))],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, (1, 8, 3, 3))],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = Path(name)
    if external:
        onnx.save(model, path, save_as_external_data=True, location=f"{path.stem}.bin", size_threshold=100)
    else:
        path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def model() -> Path:
    return network()


@pytest.fixture
def coded(model: Path, nntc: Command) -> Path:
    assert nntc("encode", model, "model.nntc", "--method", "lossless").code == 0
    return Path("model.nntc")

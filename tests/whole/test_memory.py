"""Memory stays within the bound that a file declares, whatever it holds and whoever reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no VmHWM to read"),
    pytest.mark.usefixtures("kernels"),
]

MEASURED = """
import sys
import nntc, nntc.decoder.model, nntc.reader.info, nntc.reader.container
import concurrent.futures, tempfile
def peak():
    return next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmHWM"))
start = peak()
{action}
print(peak() - start)
"""
ACTIONS = {
    "decode": "nntc.decode(sys.argv[1], sys.argv[2], jobs=int(sys.argv[3]), base=sys.argv[4:])",
    "verify": "nntc.verify(sys.argv[1], jobs=int(sys.argv[3]), base=sys.argv[4:])",
    "info": "nntc.reader.info.describe(nntc.open(sys.argv[1], base=sys.argv[4:]))",
    "read": "for tensor in nntc.open(sys.argv[1], base=sys.argv[4:]).tensors.values(): tensor.array()",
}


ENCODE = """
nntc.encode(sys.argv[1], sys.argv[2], method="{method}", quality=25 if "{method}" == "auto" else None)
"""
ENCODER = 300 << 20
"""Bytes that encoding takes beside three times the largest tensor."""
LARGE = (2048, 2048)


def model_with(arrays: list[NDArray[Any]]) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(array, f"w{i}") for i, array in enumerate(arrays)]
    nodes = [helper.make_node("MatMul", [f"x{i}", t.name], [f"y{i}"]) for i, t in enumerate(tensors)]
    return helper.make_model(helper.make_graph(nodes, "g", [], [], tensors), ir_version=10)


def write(folder: Path, kind: str) -> Path:
    """Write a file of one kind; its tensors together are many times as large as the largest section."""
    rng = np.random.default_rng(0)
    path = folder / "model.nntc"
    pattern = np.repeat(rng.integers(0, 2**31, (LARGE[0], 1), np.int32), LARGE[1], axis=1)  # quickly coded
    if kind == "lossy":
        weights = [rng.standard_normal(LARGE, np.float32) for _ in range(2)]
        nntc.encode(model_with(weights), path, method="quantization", bits=3)
    elif kind == "external":
        model = model_with([pattern + i for i in range(3)])
        onnx.save(model, folder / "m.onnx", save_as_external_data=True, location="data", size_threshold=0)
        nntc.encode(folder / "m.onnx", path)
    elif kind == "sections":
        nntc.encode(model_with([pattern + i for i in range(16)]), path)
    elif kind == "graph":
        nntc.encode(model_with([pattern + i for i in range(4)]), path, method="lossless")
    elif kind == "update":
        base = folder / "base.onnx"
        onnx.save(model_with([pattern]), base)
        pattern[rng.random(LARGE) < 0.01] += 1
        nntc.encode(model_with([pattern]), path, base=base, method="lossless")
    else:
        nntc.encode(model_with([np.full(20, i, np.float32) for i in range(5000)]), path, method="lossless")
    return path


@pytest.fixture(scope="module", params=["lossy", "sections", "graph", "external", "update", "many tensors"])
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("memory"), request.param)


def write_large(folder: Path, shape: tuple[int, int], count: int) -> Path:
    """Write a model with external data of `count` tensors of normal numbers."""
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(shape, np.float32) for _ in range(count)]
    path = folder / "large.onnx"
    onnx.save(model_with(list(weights)), path, save_as_external_data=True, location="data", size_threshold=0)
    return path


@pytest.mark.parametrize("method", ["lossless", "auto"])
@pytest.mark.parametrize(("shape", "count"), [((4096, 4096), 1), ((1024, 1024), 24)], ids=["large", "many"])
def test_an_encoder_holds_a_few_tensors_and_no_model(
    shape: tuple[int, int], count: int, method: str, tmp_path: Path
) -> None:
    source = write_large(tmp_path, shape, count)
    folder = tmp_path / "temporary"
    folder.mkdir()
    words = [sys.executable, "-c", MEASURED.format(action=ENCODE.format(method=method)), str(source)]
    done = subprocess.run(
        [*words, str(tmp_path / "out.nntc")],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert int(done.stdout) <= 3 * 4 * shape[0] * shape[1] + ENCODER
    assert not any(folder.iterdir())


@pytest.mark.parametrize(("action", "jobs"), [("decode", 16), ("verify", 1), ("info", 1), ("read", 1)])
def test_the_declared_bound_holds(coded: Path, action: str, jobs: int, tmp_path: Path) -> None:
    base = [str(path) for path in coded.parent.glob("base.onnx")]
    with nntc.open(coded, base=base) as container:
        bound = container.memory_bound
    program = MEASURED.format(action=ACTIONS[action])
    words = [sys.executable, "-c", program, str(coded), str(tmp_path / "out.onnx"), str(jobs), *base]
    found = int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    assert found <= bound

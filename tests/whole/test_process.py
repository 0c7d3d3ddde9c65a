"""The process that nntc runs in: its settings stay as they are, and its temporary folder is left empty."""

from __future__ import annotations

import locale
import logging
import os
import random
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.cli.conftest import ROOT
from tests.networks import classifier

SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})


def state() -> dict[str, Any]:
    """What belongs to the process, not to a library in it."""
    mask = os.umask(0o22)
    os.umask(mask)
    return {
        "umask": mask,
        "handlers": [signal.getsignal(number) for number in SIGNALS],
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "locale": locale.setlocale(locale.LC_ALL),
        "warnings": list(warnings.filters),
        "logging": (logging.root.level, list(logging.root.handlers), logging.root.manager.disable),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "path": list(sys.path),
        "hooks": (sys.excepthook, sys.unraisablehook, sys.displayhook),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "recursion": sys.getrecursionlimit(),
        "random": random.getstate(),
        "numpy's random": str(np.random.get_state()),
        "numpy's errors": np.geterr(),
    }


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(classifier(), path, save_as_external_data=True, location="model.bin", size_threshold=100)
    draw = np.random.default_rng(0)
    np.savez(tmp_path / "images.npz", image=draw.normal(size=(64, 3, 12, 12)).astype(np.float32))
    return path


USES: dict[str, Callable[[Path, bytes], Any]] = {
    "encode": lambda folder, _: nntc.encode(folder / "model.onnx", folder / "new.nntc", quality=20),
    "calibrate": lambda folder, _: nntc.encode_bytes(
        folder / "model.onnx", quality=20, calibration=folder / "images.npz", jobs=2
    ),
    "decode": lambda folder, coded: nntc.decode(coded, folder / "new.onnx", replace_external=True, jobs=2),
    "verify": lambda folder, coded: nntc.verify(coded, folder / "model.onnx"),
    "open": lambda _, coded: nntc.open(coded).arrays(),
    "session": lambda _, coded: nntc.session(coded),
    "bad file": lambda folder, coded: nntc.decode(coded[:99], folder / "new.onnx"),
    "bad model": lambda folder, _: nntc.encode(folder / "images.npz", folder / "new.nntc"),
}


@pytest.mark.parametrize("name", USES)
def test_settings_of_the_process_stay_as_they_are(model: Path, name: str) -> None:
    coded, _ = nntc.encode_bytes(model, method="lossless")
    before = state()
    with suppress(nntc.NntcError):
        USES[name](model.parent, coded)
    assert state() == before


def test_commands_leave_nothing_in_the_temporary_folder(model: Path, tmp_path: Path) -> None:
    """Onnxruntime would leave a file there, and report to whoever made it."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    environment |= {"PYTHONPATH": str(ROOT / "codec"), "TMPDIR": str(temporary)}
    for words in (
        ["encode", "model.onnx", "m.nntc", "--calibration", "images.npz", "--evaluation", "images.npz"],
        ["verify", "m.nntc", "model.onnx"],
        ["demo"],
    ):
        command = [sys.executable, "-m", "nntc.cli", *words]
        done = subprocess.run(
            command, cwd=model.parent, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert list(temporary.iterdir()) == []


def test_a_temporary_folder_that_cannot_be_used(model: Path, tmp_path: Path) -> None:
    """Others of the system are taken where there are some; where there are none, that is one line."""
    code = (
        "import sys, tempfile; tempfile._candidate_tempdir_list = lambda: ['/nowhere/at/all']; "
        "from nntc.cli import main; main(sys.argv[1:])"
    )
    nntc.encode(model, tmp_path / "m.nntc", method="lossless")
    command = [sys.executable, "-c", code, "verify", "m.nntc", "model.onnx"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("nntc: E_OUTPUT: cannot make temporary files (TMPDIR): ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of memory are others elsewhere")
@pytest.mark.parametrize("command", ["encode", "decode", "verify"])
def test_memory_that_runs_out(command: str, tmp_path: Path) -> None:
    """After all is imported, a few megabytes are left: less than a tensor needs."""
    values = np.random.default_rng(0).normal(size=(1000, 6000)).astype(np.float32)
    graph = helper.make_graph([], "g", [], [], [numpy_helper.from_array(values, "w")])
    (tmp_path / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    nntc.encode(tmp_path / "model.onnx", tmp_path / "m.nntc", method="quantization", bits=4)
    words = {
        "encode": ["encode", "model.onnx", "new.nntc", "-m", "quantization", "--bits", "4"],
        "decode": ["decode", "m.nntc", "new.onnx"],
        "verify": ["verify", "m.nntc", "model.onnx"],
    }[command]
    code = (
        "import resource, sys; from nntc.cli import main; "
        "import nntc.encoder.encode, nntc.reader.compare, nntc.cli.encode; "
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize(); "
        "resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), -1)); main(sys.argv[1:])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "codec"), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == "nntc: E_NO_MEMORY: out of memory\n"
    assert done.returncode == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.nntc", "model.onnx"]

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.cli.conftest import Command, network

REPORT = re.compile(r"nntc: (E_[A-Z_]+)(?: @ (\d+))?: [^\n]+\n")
Start = Callable[..., subprocess.Popen[str]]


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() if path.is_file() else b"" for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["encode", "none.onnx", "m.nntc"], "cannot open 'none.onnx': No such file or directory"),
        (["encode", "model.onnx"], "Missing argument 'OUT.nntc'"),
        (["encode", "model.onnx", "m.nntc", "extra"], "unexpected extra argument"),
        (["encode", "model.onnx", "m.nntc", "--fast"], "No such option"),
        (["encode", "model.onnx", "m.nntc", "-m", "magic"], "'magic' is not one of"),
        (
            ["encode", "model.onnx", "m.nntc", "--ratio", "4", "--bits", "3"],
            "name one goal, not bits and ratio",
        ),
        (["encode", "model.onnx", "m.nntc", "-m", "lossless", "--bits", "3"], "bits is for the methods auto"),
        (["encode", "model.onnx", "m.nntc", "-m", "dct", "--bits", "9"], "from 1 to 8"),
        (["encode", "model.onnx", "m.nntc", "-m", "deep", "--prune", "1"], "at least 0 and below 1"),
        (["encode", "model.onnx", "m.nntc", "-m", "deep", "--prune", "half"], "'half' is not a valid float"),
        (["encode", "model.onnx", "m.nntc", "-m", "deep", "--centroids", "even"], "'even' is not one of"),
        (["encode", "model.onnx", "m.nntc", "--prune", "0.5"], "prune is for the method deep"),
        (["encode", "model.onnx", "m.nntc", "-m", "dct", "--no-sparse"], "sparse is for the method deep"),
        (["encode", "model.onnx", "m.nntc", "--target-size", "big"], "'big' is no size"),
        (["encode", "model.onnx", "m.nntc", "--jobs", "0"], "0 is not in the range"),
        (["encode", "model.onnx", "-", "--json"], "goes with neither --json nor --report"),
        (["encode", "-", "m.nntc"], "standard input is not supported"),
        (["encode", "model.onnx", "model.onnx"], "'model.onnx' is the input"),
        (["encode", "model.onnx", "."], "'.' is a folder"),
        (["encode", "model.onnx", "m.nntc/"], "'m.nntc/' is a folder"),
        (["encode", "model.onnx", "m.nntc/."], "'m.nntc/.' is a folder"),
        (["encode", ".", "m.nntc"], "'.' is a folder"),
        (["encode", "model.onnx", "none/m.nntc"], "there is no folder 'none'"),
        (["encode", "model.onnx", "/dev/null"], "'/dev/null' is not a regular file"),
        (["info", "-"], "standard input is not supported"),
        (["decode", "/dev/null", "m.onnx"], "'/dev/null' is not a regular file"),
        (["decode", "model.onnx", "./model.onnx"], "is the input"),
        (["info", "none.nntc"], "cannot open 'none.nntc'"),
        (["verify", "model.onnx", "none.onnx"], "cannot open 'none.onnx'"),
        (["verify", "model.onnx", "--max-memory", "1 Zebibyte"], "is no size"),
        (["squeeze"], "No such command 'squeeze'"),
    ],
)
def test_wrong_usage(arguments: list[str], reason: str, model: Path, nntc: Command, folder: Path) -> None:
    before = listing(folder)
    outcome = nntc(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: nntc ")
    assert reason in outcome.err.replace("\n", " ")
    assert listing(folder) == before
    assert model.exists()


def test_no_command_shows_help(nntc: Command) -> None:
    outcome = nntc()
    assert outcome.code == 2
    assert "Commands:" in outcome.err


def test_a_file_named_dash(model: Path, nntc: Command) -> None:
    assert nntc("encode", model, "./-", "-m", "lossless").code == 0
    assert nntc("decode", "./-", "again.onnx").code == 0


def damaged(coded: Path, change: Callable[[bytearray], None]) -> Path:
    data = bytearray(coded.read_bytes())
    change(data)
    path = Path("damaged.nntc")
    path.write_bytes(data)
    return path


def flip_last(data: bytearray) -> None:
    data[-1] ^= 1


def other_major(data: bytearray) -> None:
    data[8] = 2
    data[24:28] = zlib.crc32(data[:24]).to_bytes(4, "little")


@pytest.mark.parametrize("command", [["decode", "FILE", "out.onnx"], ["verify", "FILE"], ["info", "FILE"]])
@pytest.mark.parametrize(
    ("change", "code", "error", "offset"),
    [
        (flip_last, 1, "E_DIGEST", None),
        (lambda data: data.clear(), 1, "E_TRUNCATED", 0),
        (lambda data: data.__setitem__(0, 0), 1, "E_SIGNATURE", 0),
        (lambda data: data.append(0), 1, "E_TRAILING", None),
        (other_major, 3, "E_VERSION", 8),
    ],
)
def test_bad_files(
    command: list[str],
    change: Callable[[bytearray], None],
    code: int,
    error: str,
    offset: int | None,
    coded: Path,
    nntc: Command,
    folder: Path,
) -> None:
    path = damaged(coded, change)
    Path("out.onnx").write_text("what was there before")
    before = listing(folder)
    outcome = nntc(*(str(path) if part == "FILE" else part for part in command))
    assert (outcome.code, outcome.out) == (code, "")
    report = REPORT.fullmatch(outcome.err)
    assert report is not None, outcome.err
    assert report[1] == error
    assert report[2] is not None
    assert offset is None or int(report[2]) == offset
    assert listing(folder) == before


def test_not_a_model(nntc: Command, folder: Path) -> None:
    Path("model.onnx").write_bytes(b"certainly no protobuf")
    Path("out.nntc").write_text("what was there before")
    before = listing(folder)
    outcome = nntc("encode", "model.onnx", "out.nntc")
    assert outcome.code == 1
    assert outcome.err.startswith("nntc: E_NOT_ONNX @ ")
    assert listing(folder) == before


def test_missing_external_data(nntc: Command) -> None:
    model = network(external=True)
    Path("model.bin").unlink()
    outcome = nntc("encode", model, "out.nntc")
    assert outcome.code == 1
    assert outcome.err.startswith("nntc: E_EXTERNAL @ ")


def test_another_model_is_no_original(coded: Path, nntc: Command) -> None:
    other = onnx.load("model.onnx")
    other.graph.node[0].name = "other"
    onnx.save(other, "other.onnx")
    outcome = nntc("verify", coded, "other.onnx")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("nntc: E_OTHER_MODEL @ ")


def test_a_memory_limit(coded: Path, nntc: Command) -> None:
    outcome = nntc("decode", coded, "out.onnx", "--max-memory", "1MiB")
    assert outcome.code == 1
    assert outcome.err.startswith("nntc: E_MEMORY @ 28: ")
    assert nntc("decode", coded, "out.onnx", "--max-memory", "4 GB").code == 0


@pytest.mark.parametrize("command", [["encode", "model.onnx", "out"], ["decode", "model.nntc", "out"]])
def test_output_that_cannot_be_written(
    command: list[str], coded: Path, nntc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert coded.exists()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    outcome = nntc(*command)
    assert (outcome.code, outcome.out) == (1, "")
    assert REPORT.fullmatch(outcome.err)
    assert outcome.err.startswith("nntc: E_OUTPUT: ")
    assert "No space left on device" in outcome.err


def test_running_out_of_memory(coded: Path, nntc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("nntc.reader.container.read_directory", fail)
    outcome = nntc("info", coded)
    assert (outcome.code, outcome.err) == (1, "nntc: E_NO_MEMORY: out of memory\n")


def test_standard_output_that_goes_away(coded: Path, start: Start) -> None:
    process = start(
        "-c", f"import time; time.sleep(0.3); from nntc.cli import main; main(['info', {str(coded)!r}])"
    )
    assert process.stdout is not None
    process.stdout.close()
    process.wait(30)
    assert process.stderr is not None
    with process.stderr as errors:
        assert errors.read() == ""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_standard_output_that_is_full(coded: Path, start: Start) -> None:
    with Path("/dev/full").open("w") as full:
        process = start("-m", "nntc.cli", "info", str(coded), stdout=full)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == "nntc: E_OUTPUT: cannot write to standard output: No space left on device\n"


INTERRUPTED = """
import signal, sys, time
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where tests run without a terminal
import nntc.decoder.folder
from nntc.cli import main

publish = nntc.decoder.folder.FolderSink.publish

def stop_before_the_end(self):
    print("complete but for its name", flush=True)
    time.sleep(60)
    publish(self)

nntc.decoder.folder.FolderSink.publish = stop_before_the_end
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
@pytest.mark.parametrize(
    "command", [["encode", "-m", "lossless", "model.onnx", "out"], ["decode", "model.nntc", "out"]]
)
def test_interruption_leaves_nothing(
    number: str, code: int, command: list[str], coded: Path, start: Start, folder: Path
) -> None:
    assert coded.exists()
    Path("out").write_text("what was there before")
    before = listing(folder)
    process = start("-c", INTERRUPTED, *command)
    assert process.stdout is not None
    assert process.stdout.readline() == "complete but for its name\n"
    assert len(listing(folder)) == len(before) + 1
    os.kill(process.pid, getattr(signal, number))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert errors.strip() == ""
    assert listing(folder) == before


def test_interruption_of_real_work(start: Start, folder: Path) -> None:
    """Stop an encoder at no particular place; what it does there is its own affair."""
    values = np.random.default_rng(0).normal(size=(2000, 2000)).astype(np.float32)
    graph = onnx.helper.make_graph([], "g", [], [], [numpy_helper.from_array(values, "t")])
    Path("model.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    code = (
        "import os, signal, sys, threading; from nntc.cli import main; import nntc.encoder.model; "
        "threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start(); main(sys.argv[1:])"
    )
    process = start("-c", code, "encode", "model.onnx", "out.nntc")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["decode", "model.nntc", "out.onnx"], {"numpy", "construct", "zstandard"}),
        (["verify", "model.nntc"], {"numpy", "construct", "zstandard"}),
        (["--help"], set()),
    ],
)
def test_commands_import_what_they_need(
    arguments: list[str], wanted: set[str], coded: Path, start: Start
) -> None:
    assert coded.exists()
    code = (
        "import atexit, sys; from nntc.cli import main; "
        "atexit.register(lambda: print(*sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)); "
        "main(sys.argv[1:])"
    )
    process = start("-c", code, *arguments)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    loaded = set(errors.split())
    heavy = {"onnx", "scipy", "rich", "google", "onnxruntime", "ml_dtypes", "numpy", "construct", "zstandard"}
    assert loaded & heavy == wanted

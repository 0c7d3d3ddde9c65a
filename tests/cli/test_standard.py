"""Standard streams that are closed, full, or whose reader has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs a shell of POSIX")
INFO = "-m nntc.cli info model.nntc"


def shell(line: str) -> tuple[int, str, str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "codec"), "PYTHON": sys.executable}
    environment.pop("PYTHONUNBUFFERED", None)  # streams keep what they are not rid of
    run = subprocess.run(
        ["sh", "-c", line], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return run.returncode, run.stdout, run.stderr


def test_a_closed_standard_output_is_an_error_with_an_id(coded: Path) -> None:
    wanted = "nntc: E_OUTPUT: cannot write to standard output: Bad file descriptor\n"
    assert shell(f"$PYTHON {INFO} >&-") == (1, "", wanted)
    assert shell("$PYTHON -m nntc.cli --help >&-") == (1, "", wanted)
    assert coded.exists()


def test_a_closed_standard_output_takes_nothing_of_the_output_file(coded: Path) -> None:
    """The first file that is opened would have the number of standard output."""
    code, _, error = shell("$PYTHON -m nntc.cli decode model.nntc out.onnx >&- <&-")
    assert (code, error.count("\n")) == (1, 1)
    assert Path("out.onnx").read_bytes() == Path("model.onnx").read_bytes()
    assert coded.exists()


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full", ">&- 2>&-"])
def test_a_standard_error_that_takes_nothing_leaves_the_exit_code(coded: Path, where: str) -> None:
    if "full" in where and not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    coded.write_bytes(b"no such file")
    assert shell(f"$PYTHON {INFO} {where}") == (1, "", "")


def test_a_reader_that_has_gone_is_told_nothing(coded: Path) -> None:
    code, out, error = shell(f"$PYTHON {INFO} --json | head -n 1")
    assert (code, out, error) == (0, "{\n", "")
    assert coded.exists()


def test_all_of_the_output_comes_through_a_pipe_that_is_full_and_does_not_wait(coded: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, bytes(4096))
    except BlockingIOError:
        pass
    environment = os.environ | {"PYTHONPATH": str(ROOT / "codec")}
    command = [sys.executable, *INFO.split()]
    with subprocess.Popen(command, env=environment, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        with os.fdopen(reading, "rb") as file:
            found = file.read().lstrip(b"\0")
        process.wait(60)
    assert process.returncode == 0
    assert found == subprocess.run(command, env=environment, capture_output=True, check=True).stdout
    assert coded.exists()


@pytest.mark.parametrize("where", ["> kept", "| cat > kept"])
@pytest.mark.parametrize("command", ["decode model.nntc", "encode model.onnx"])
def test_the_device_of_standard_output_is_refused_and_stays(coded: Path, command: str, where: str) -> None:
    """A link to whatever it is: replacing it would take it from every program."""
    device = Path("/dev/stdout")
    before = device.lstat()
    _, _, error = shell(f"$PYTHON -m nntc.cli {command} /dev/stdout {where}")
    assert "E_OUTPUT: cannot write /dev/stdout: it is a link" in error or "is not a regular file" in error
    assert Path("kept").read_bytes() == b""
    assert (device.lstat().st_ino, device.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert not list(Path("/dev").glob(".nntc-*"))
    assert coded.exists()

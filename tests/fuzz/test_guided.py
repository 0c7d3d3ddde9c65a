"""Atheris finds nothing in a few hundred inputs; what it fuzzes notices broken promises."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from nntc.errors import FormatError

from fuzz import targets
from tests.libnntc.building import ROOT


@pytest.mark.parametrize(("target", "every"), [("decode", 60), ("read", 60), ("update", 10), ("encode", 3)])
def test_no_input_breaks_a_promise(target: str, every: int, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed (pip install '.[fuzz]')")
    options = ["--corpus", str(tmp_path), "--every", str(every), "--runs", "120", "--seed", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", target, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "DONE" in done.stderr


def test_an_offset_outside_the_file_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise FormatError("E_CRC", "section is damaged", 9)

    monkeypatch.setattr(targets, "decode_bytes", fail)
    targets.decode(bytes(9))
    with pytest.raises(targets.BrokenPromiseError, match="outside the file"):
        targets.decode(bytes(8))


def test_a_replay_gives_every_file_to_the_target(tmp_path: Path) -> None:
    (tmp_path / "read").mkdir()
    (tmp_path / "read" / "one").write_bytes(b"nothing")
    options = ["read", "--corpus", str(tmp_path), "--replay"]
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", *options], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "one\n"

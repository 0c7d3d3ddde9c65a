"""Signing and making keys under faults: the old file or the new one, both keys or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from nntc.encoder.encode import encode
from nntc.signing.private import make_key_files

from tests.cli.conftest import network
from tests.faults.running import Run, stopped
from tests.faults.test_faults import check_failures


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What commands find: a file and a key."""
    folder = tmp_path / "before"
    folder.mkdir()
    monkeypatch.chdir(folder)
    encode(network(), "model.nntc", method="lossless")
    make_key_files("release.key")
    return folder


def check_codes(runs: list[Run], how: str) -> None:
    if how == "EIO":
        check_failures(runs)
    else:
        assert {run.code for run in runs} <= {0, {"interrupt": 130, "kill": -9}[how]}
        assert {run.errors for run in runs} == {""}


@pytest.mark.parametrize("how", ["EIO", "interrupt", "kill"])
def test_signing_in_place(before: Path, how: str) -> None:
    data = [path.read_bytes() for path in sorted(before.iterdir())]
    runs = stopped(before.parent, how, "sign", "model.nntc", "--key", "release.key")
    assert len(runs) > 40
    check_codes(runs, how)
    new, key = runs[0].whole["model.nntc"], runs[0].whole["release.key"]
    old = hashlib.sha256(Path("model.nntc").read_bytes()).hexdigest()[:12]
    allowed = {0: (new,), 1: (old,), 2: (old,)}
    for run in runs:
        assert run.after["model.nntc"] in allowed.get(run.code, (old, new))
        assert run.after["release.key"] == key
        assert run.later.keys() == run.whole.keys()
        assert not run.left or run.code != 1
    assert [path.read_bytes() for path in sorted(before.iterdir())] == data


@pytest.mark.parametrize("how", ["EIO", "interrupt"])
def test_making_keys(before: Path, how: str) -> None:
    runs = stopped(before.parent, how, "keygen", "new.key", again=False)
    assert len(runs) > 5
    check_codes(runs, how)
    names = {"model.onnx", "model.nntc", "release.key", "release.key.pub"}
    for run in runs:
        assert set(run.after) == (names if run.code else names | {"new.key", "new.key.pub"}), run

"""Commands under faults: outputs are whole, every failure has one line with an id and the right exit code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from nntc.encoder.encode import encode

from tests.cli.conftest import network
from tests.faults.running import HIDDEN, Run, stopped

LINE = re.compile(r"nntc: E_[A-Z_]+(?: @ \d+)?: [^\n]+\n")
USAGE = re.compile(r"Usage: nntc [^\n]+\nTry [^\n]+\n\nError: [^\n]+\n")


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What commands find: a model with external data, its file, and a decoded model of another time."""
    folder = tmp_path / "before"
    (folder / "out").mkdir(parents=True)
    monkeypatch.chdir(folder)
    model = network(external=True)
    encode(model, "model.nntc", method="lossless")
    for name in ("out/model.onnx", "out/model.bin", "out/model.nntc", "out/page.html"):
        Path(name).write_bytes(f"old {name}".encode())
    return folder


def check_failures(runs: Iterable[Run]) -> None:
    """Each failure is one line that says which, and no exit code but 0, 1 and 2."""
    for run in runs:
        if run.code == 0:
            assert "Traceback" not in run.errors
            continue
        form = LINE if run.code == 1 or run.errors.startswith("nntc: E_SOURCE") else USAGE
        assert run.code in (1, 2)
        assert form.fullmatch(run.errors), run.errors


def old(*names: str) -> tuple[str, ...]:
    return tuple(hashlib.sha256(f"old {name}".encode()).hexdigest()[:12] for name in names)


def check_outputs(runs: Iterable[Run], *names: str) -> None:
    """Files are of before or new: of before in a run that failed, new in one that did not."""
    runs = list(runs)
    new = next(run.state(*names) for run in runs if run.code == 0)
    assert set(new).isdisjoint({*old(*names), None})
    for run in runs:
        assert run.state(*names) == (old(*names) if run.code else new), run


def check_stopped(runs: Sequence[Run], *names: str) -> None:
    """Files are of before, new, or without the first; after the next run, new, and nothing else is there."""
    new, before = runs[-1].state(*names), old(*names)
    assert set(new).isdisjoint({*before, None})
    for run in runs:
        found = run.state(*names)
        assert found in (new, before) or (found[0] is None and run.left), run
        assert not any(HIDDEN in name for name in run.later)
        if run.left:
            assert tuple(run.later.get(name) for name in names) == new


DECODE = ("decode", "model.nntc", "out/model.onnx", "--replace-external")
DECODED = ("out/model.onnx", "out/model.bin")
ENCODE = ("encode", "model.onnx", "out/model.nntc", "-m", "lossless", "--report", "out/page.html")
ENCODED = ("out/model.nntc", "out/page.html")
MERGED = ("out/model.nntc",)


def test_decode_where_a_call_fails(before: Path) -> None:
    runs = stopped(before.parent, "EIO", *DECODE)
    assert len(runs) > 100
    check_failures(runs)
    check_outputs(runs, *DECODED)


@pytest.mark.parametrize(("how", "code"), [("kill", -9), ("interrupt", 130)])
def test_decode_that_is_stopped(before: Path, how: str, code: int) -> None:
    runs = stopped(before.parent, how, *DECODE)
    assert {run.code for run in runs} <= {0, code}
    assert {run.errors for run in runs} == {""}
    check_stopped(runs, *DECODED)


def test_decode_by_the_reference_decoder_where_a_call_fails(before: Path) -> None:
    runs = stopped(before.parent, "EIO", "reference", "model.nntc", "out/model.onnx", "--replace")
    assert len(runs) > 20
    assert {run.code for run in runs} == {0, 2}
    assert not [run.errors for run in runs if "Traceback" in run.errors]
    check_outputs(runs, *DECODED)


def test_encode_with_a_page_where_a_call_fails(before: Path) -> None:
    runs = stopped(before.parent, "ENOSPC", *ENCODE, every=4)
    assert len(runs) > 40
    check_failures(runs)
    check_outputs(runs, *ENCODED)


def test_merge_where_a_call_fails(before: Path) -> None:
    encode(network(1.01, name="new.onnx"), "update.nntc", method="lossless", base="model.nntc")
    runs = stopped(before.parent, "EIO", "merge", "model.nntc", "update.nntc", "-o", MERGED[0], every=5)
    assert len(runs) > 40
    check_failures(runs)
    check_outputs(runs, *MERGED)


def test_encode_with_a_page_that_is_killed(before: Path) -> None:
    """An old page never stands beside a new file; temporary files are gone after the next run."""
    runs = stopped(before.parent, "kill", *ENCODE, every=7)
    assert {run.code for run in runs} == {-9}
    check_stopped(runs, *ENCODED)
    assert list((before.parent / "tmp").iterdir()) == []


def test_files_written_together_where_a_call_fails(before: Path) -> None:
    runs = stopped(before.parent, "ENOSPC", "write", *ENCODED)
    assert len(runs) > 50
    check_failures(runs)
    check_outputs(runs, *ENCODED)


@pytest.mark.parametrize(("how", "code"), [("kill", -9), ("interrupt", 130)])
def test_files_written_together_that_are_stopped(before: Path, how: str, code: int) -> None:
    runs = stopped(before.parent, how, "write", *ENCODED)
    assert {run.code for run in runs} <= {0, code}
    check_stopped(runs, *ENCODED)


def test_of_files_in_several_folders_the_first_comes_first(before: Path) -> None:
    names = ("out/model.nntc", "pages/page.html")
    (before / "pages").mkdir()
    (before / names[1]).write_bytes(f"old {names[1]}".encode())
    runs = stopped(before.parent, "EIO", "write", *names)
    check_failures(runs)
    new = next(run.state(*names) for run in runs if run.code == 0)
    half = new[0], old(*names)[1]
    for run in runs:
        assert run.state(*names) in ((new,) if not run.code else (old(*names), half))
        assert (run.state(*names) == half) == ("is complete, and in its place" in run.errors)
    assert half in {run.state(*names) for run in runs}


def test_verify_where_a_call_fails(before: Path) -> None:
    runs = stopped(before.parent, "EACCES", "verify", "model.nntc", "model.onnx")
    assert len(runs) > 100
    check_failures(runs)
    assert {str(run.after) for run in runs} == {str(runs[0].after)}
    assert list((before.parent / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", ["model.nntc", "model.onnx"])
def test_info_where_a_call_fails(before: Path, name: str) -> None:
    runs = stopped(before.parent, "EIO", "info", name)
    assert len(runs) > 10
    check_failures(runs)
    assert {str(run.after) for run in runs} == {str(runs[0].after)}

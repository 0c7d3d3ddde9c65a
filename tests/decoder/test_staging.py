"""Sets of files that a run replaces: whole after a kill, a failure or an interrupt at every call there is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from nntc.decoder.model import decode
from nntc.decoder.staging import Staging, settle_dead

from tests.decoder.test_folder import file_with, listing, refused

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be killed anywhere")


def stopped(folder: Path, how: str) -> list[tuple[int, str, str]]:
    command = [sys.executable, "-m", "tests.decoder.kill_at", str(folder), how]
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(root / "codec")])
    environment = {**os.environ, "PYTHONPATH": paths}
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = [tuple(result) for result in json.loads(run.stdout)]
    assert len(found) > 20
    return found


def test_a_kill_at_any_call_leaves_the_old_set_or_the_new_and_the_next_run_tidies_up(tmp_path: Path) -> None:
    found = stopped(tmp_path, "kill")
    assert {code for code, _, _ in found} == {-9}
    assert {after.rstrip("+") for _, after, _ in found} == {"old", "none", "new"}
    assert {later for _, _, later in found} == {"old", "new"}
    assert [later for _, _, later in found] == sorted((later for _, _, later in found), reverse=True)


@pytest.mark.parametrize(("how", "code"), [("fail", 1), ("interrupt", 2)])
def test_a_call_that_fails_or_is_interrupted_leaves_no_mix(how: str, code: int, tmp_path: Path) -> None:
    found = stopped(tmp_path, how)
    assert {ended for ended, _, _ in found} <= {code, 4}
    assert {after.rstrip("+") for _, after, _ in found} <= {"old", "none", "new"}
    assert {later for _, _, later in found} == {"old", "new"}


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    staging.part(0).write_bytes(b"unfinished")
    decode(file_with(), tmp_path / "model.onnx")
    assert staging.part(0).read_bytes() == b"unfinished"
    staging.settle()
    assert set(listing(tmp_path)) == {"model.onnx"}


def test_folders_open_to_others_and_journals_that_lead_elsewhere_move_nothing(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    folder = tmp_path / "out"
    folder.mkdir()
    for name, mode in ((".nntc-open", 0o777), (".nntc-leads", 0o700)):
        planted = folder / name
        planted.mkdir()
        planted.chmod(mode)
        (planted / "0.part").touch()
        (planted / "1.old").write_bytes(b"theirs")
        (planted / "journal").write_bytes(b"f 0 1 model.onnx\0f 0 1 ../mine\0.\0")
    (folder / ".nntc-link").symlink_to(tmp_path)
    settle_dead(folder)
    assert mine.read_bytes() == b"mine"
    assert sorted(path.name for path in folder.iterdir()) == [".nntc-link", ".nntc-open"]


def test_what_is_no_plain_file_or_read_only_is_not_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(elsewhere)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "read-only").write_bytes(b"mine")
    (tmp_path / "read-only").chmod(0o444)
    before = sorted(path.name for path in tmp_path.iterdir())
    for name in ("pipe", "link", "dangling", "read-only"):
        assert refused(file_with(), tmp_path / name) == "E_OUTPUT"
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (elsewhere.read_bytes(), (tmp_path / "read-only").read_bytes()) == (b"mine", b"mine")


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"old")
    (tmp_path / "model.onnx").chmod(0o640)
    decode(file_with(), tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_mode & 0o7777 == 0o640
    assert (tmp_path / "model.onnx").read_bytes() == b"model"

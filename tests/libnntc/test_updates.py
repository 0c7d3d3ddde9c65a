"""The command of libnntc is given the base of an update, and says what an update needs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conformance.vectors import CONFORMANCE, VECTORS

from .building import CODERS, LINKED, around, build, core, require_coders

UPDATE = VECTORS["update-two-bases"]
FILE = CONFORMANCE / UPDATE["file"]
BASE = [CONFORMANCE / base["file"] for base in UPDATE["base"]]
NAMES = [output["name"] for output in UPDATE["output"]]
MISSING = f"{UPDATE['without_base']['id']} @ {UPDATE['without_base']['offset']}"


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_coders()
    target = tmp_path_factory.mktemp("updates") / "nntc-c"
    return build([*core(), *around()], target, "-O1", *CODERS, *LINKED)


def run(*words: Path | str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("bases", [BASE, BASE[::-1], [*BASE, FILE], [BASE[0], *BASE]])
def test_base_files_come_in_any_order_and_may_be_more_than_are_needed(
    command: Path, tmp_path: Path, bases: list[Path]
) -> None:
    options = [word for base in bases for word in ("--base", base)]
    assert run(command, "decode", *options, FILE, tmp_path / "model").returncode == 0
    assert (tmp_path / "model").read_bytes().hex() == UPDATE["output"][0]["hex"]
    assert run(command, "verify", FILE, *[f"--base={base}" for base in bases]).returncode == 0


def test_a_base_file_that_is_missing_or_another_one_is_told_and_nothing_is_written(
    command: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(bytes(BASE[1].stat().st_size))
    for given in ([], [BASE[0]], [BASE[0], other]):
        done = run(command, "decode", FILE, tmp_path / "model", *[f"--base={base}" for base in given])
        assert done.returncode == 1
        assert MISSING in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_base_file_that_cannot_be_read_is_named(command: Path, tmp_path: Path) -> None:
    done = run(command, "verify", FILE, "--base", tmp_path / "none")
    assert done.returncode == 2
    assert str(tmp_path / "none") in done.stderr


def test_an_output_file_may_take_the_place_of_a_base_file(command: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.write_bytes(BASE[0].read_bytes())
    done = run(command, "decode", FILE, model, "--base", model, "--base", BASE[1])
    assert done.returncode == 0, done.stderr
    assert model.read_bytes().hex() == UPDATE["output"][0]["hex"]
    assert {path.name for path in tmp_path.iterdir()} == {"model", *filter(None, NAMES)}


def test_what_is_needed_is_told_without_a_base(command: Path) -> None:
    done = run(command, "info", FILE)
    assert done.returncode == 0
    for base in UPDATE["base"]:
        assert f"updates a file of {base['size']} bytes, SHA-256 {base['sha256']}" in done.stdout

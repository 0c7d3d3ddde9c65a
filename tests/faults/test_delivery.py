"""Publishers and devices under faults: a repository, or a device's folder, is as it was or as it shall be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nntc.delivery import publish, pull

from tests.cli.conftest import network
from tests.delivery.server import serving
from tests.faults.running import Run, stopped
from tests.faults.test_faults import check_failures

PUBLISH = ("publish", "repository", "model.onnx", "--name", "net", "--keys", "keys", "-m", "lossless")
FIRST, SECOND = (*PUBLISH, "--version", "1.0"), (*PUBLISH, "--version", "1.1")
NEW_KEY = ("publish", "repository", "--keys", "keys", "--new-key", "targets")
TIMESTAMP = "repository/metadata/timestamp.json"
NOTES = re.compile(r"^nntc: note: .*\n", re.M)
HIDDEN = (".nntc-", ".tmp-", ".new")


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What commands find: a model."""
    folder = tmp_path / "before"
    folder.mkdir()
    monkeypatch.chdir(folder)
    network()
    return folder


@pytest.fixture
def published(before: Path) -> Path:
    """What commands find: another model, and a repository that has the one before it."""
    publish("repository", "model.onnx", name="net", version="1.0", keys="keys", method="lossless")
    network(1.01)
    return before


@pytest.fixture
def url(published: Path) -> Iterator[str]:
    """What commands find: a device that has a version, which two are newer than."""
    with serving(published) as server:
        pull(server.url, "device", name="net")
        publish("repository", "model.onnx", name="net", version="1.1", keys="keys", method="lossless")
        yield server.url


def check_whole(runs: list[Run], found: dict[str, str]) -> None:
    """A failed run changes no file, or fails after devices see the new state, which is there then.

    What is hidden may be left where a removal fails, or an interrupt comes just when it is made; the next run
    removes it.
    """
    for run in runs:
        after, late = shown(run.after), {"repository/metadata/2.root.json"}
        if after != found:
            assert after[TIMESTAMP] != found.get(TIMESTAMP), run
            assert set(shown(run.whole)) - late <= set(after), run
        assert len(run.later) == len(shown(run.later))
        waits = "repository/metadata/2.root.json" in after  # a new key, for the next run
        assert len(run.after) == len(after) or run.code in (0, 130) or waits, run


def shown(files: dict[str, str]) -> dict[str, str]:
    return {name: data for name, data in files.items() if not any(part in name for part in HIDDEN)}


def found_in(folder: Path) -> dict[str, str]:
    from tests.faults.__main__ import listing

    return listing(folder)


@pytest.mark.parametrize("how", ["ENOSPC", "interrupt"])
def test_a_first_publication_that_fails_leaves_nothing(before: Path, how: str) -> None:
    runs = stopped(before.parent, how, *FIRST, every=3)
    assert len(runs) > 40
    if how == "interrupt":
        assert {run.code for run in runs} <= {0, 130}
    else:
        check_failures(runs)
    check_whole(runs, found_in(before))


@pytest.mark.parametrize("words", [SECOND, NEW_KEY], ids=["version", "key"])
@pytest.mark.parametrize("how", ["ENOSPC", "interrupt"])
def test_one_that_fails_leaves_what_was_there(published: Path, how: str, words: tuple[str, ...]) -> None:
    runs = stopped(published.parent, how, *words, every=5)
    assert len(runs) > 20
    if how == "interrupt":
        assert {run.code for run in runs} <= {0, 130}
    else:
        check_failures(runs)
    check_whole(runs, found_in(published))


@pytest.mark.parametrize("words", [FIRST, SECOND, NEW_KEY], ids=["first", "second", "key"])
def test_what_a_killed_publication_leaves_is_tidied(
    words: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue("before" if words == FIRST else "published")
    runs = stopped(folder.parent, "kill", *words, every=11)
    found = found_in(folder)
    own = {name: data for name, data in found.items() if name.endswith((".pem", ".onnx"))}
    for run in runs:
        assert own.items() <= run.after.items() or words == NEW_KEY
        if run.after != found:
            assert len(run.later) == len(shown(run.later))
            assert outside_of_metadata(run.later) == outside_of_metadata(run.whole)


def outside_of_metadata(files: dict[str, str]) -> set[str]:
    return {name for name in files if not name.startswith("repository/metadata/")}


@pytest.mark.parametrize(("how", "code"), [("EIO", 1), ("interrupt", 130), ("kill", -9)])
@pytest.mark.parametrize("command", ["pull", "rollback"])
def test_a_device_has_the_old_version_or_the_new(
    url: str, before: Path, command: str, how: str, code: int
) -> None:
    words = ("pull", url, "--name", "net", "--into", "device") if command == "pull" else (command, "device")
    if command == "rollback":
        pull(url, "device", name="net")
    runs = stopped(before.parent, how, *words, every=7, again=command == "pull")
    assert {run.code for run in runs} <= {0, code, 2}
    if how == "EIO":
        check_failures(replace(run, errors=NOTES.sub("", run.errors)) for run in runs)
    else:
        assert not [run.errors for run in runs if "Traceback" in run.errors]
    found, new = found_in(before), runs[0].whole
    for run in runs:
        pointer = run.after["device/current"]
        assert pointer in (found["device/current"], new["device/current"])
        state = found if pointer == found["device/current"] else new
        versions = {name: data for name, data in state.items() if name.startswith("device/versions/")}
        assert versions.items() <= run.after.items()
        if command == "pull" and run.after != found:
            assert run.later["device/current"] == new["device/current"]

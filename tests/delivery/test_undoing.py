from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nntc.delivery.undoing import Undo


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_what_was_made_goes_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    undo = Undo()
    undo.make_folder(tmp_path / "a" / "b" / "c", 0o700)
    undo.make_folder(tmp_path / "a" / "b")
    for path in (tmp_path / "there", tmp_path / "a" / "one", tmp_path / "never"):
        undo.will_make(path)
    (tmp_path / "a" / "one").touch()
    (tmp_path / "a" / "b" / ".tmp-killed").touch()
    undo.run()
    assert names(tmp_path) == ["there"]


def test_folders_of_others_stay(tmp_path: Path) -> None:
    undo = Undo()
    undo.make_folder(tmp_path / "a" / "b")
    (tmp_path / "a" / "other").touch()
    undo.run()
    undo.run()
    assert names(tmp_path) == ["a", "a/other"]


def test_what_is_kept_stays(tmp_path: Path) -> None:
    undo = Undo()
    undo.make_folder(tmp_path / "a")
    undo.keep()
    undo.run()
    assert names(tmp_path) == ["a"]


def test_what_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    undo = Undo()
    with pytest.raises(FileExistsError):
        undo.make_folder(tmp_path / "file" / "a")
    with pytest.raises(FileExistsError):
        undo.make_folder(tmp_path / "file")
    undo.run()
    assert names(tmp_path) == ["file"]


def test_what_was_made_before_something_that_stays_does_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo, unlink = Undo(), Path.unlink
    for name in "abc":
        undo.will_make(tmp_path / name)
        (tmp_path / name).touch()

    def stuck(path: Path, **options: Any) -> None:
        if path.name == "b":
            raise PermissionError
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", stuck)
    undo.run()
    assert names(tmp_path) == ["a", "b"]

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from nntc.delivery.durable import file_id, remove_temporary, sync_file, write_durably


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for data in (b"one", b"two"):
        write_durably(path, data, 0o600)
        assert path.read_bytes() == data
    assert os.name == "nt" or path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail(_: int) -> None:
        raise OSError(5, "fails")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="fails"):
        write_durably(path, b"new")
    assert [entry.read_bytes() for entry in tmp_path.iterdir()] == [b"old"]


def test_what_killed_processes_leave_is_removed(tmp_path: Path) -> None:
    for name in (".tmp-abc", "kept"):
        (tmp_path / name).touch()
    remove_temporary(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_identity_of_a_file(tmp_path: Path) -> None:
    data = bytes(3 << 20)
    (tmp_path / "a").write_bytes(data)
    sync_file(tmp_path / "a")
    found = file_id(tmp_path / "a")
    assert (found.sha256, found.length) == (hashlib.sha256(data).hexdigest(), len(data))

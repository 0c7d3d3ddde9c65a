"""Locks of folders: one has them, the others are told, and a process that ends lets go."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
from nntc.decoder import locks
from nntc.decoder.locks import HAS_LOCKS, lock_folder, only_one_in

pytestmark = pytest.mark.skipif(not HAS_LOCKS, reason="needs locks of folders")


def test_only_one_has_a_lock(tmp_path: Path) -> None:
    with lock_folder(tmp_path) as lock:
        assert lock.is_real
        with pytest.raises(BlockingIOError):
            lock_folder(tmp_path)
    lock_folder(tmp_path).close()


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    ready, told = os.pipe()
    process = os.fork()
    if process == 0:
        lock_folder(tmp_path)
        os.write(told, b"!")
        signal.pause()
    assert os.read(ready, 1) == b"!"
    with pytest.raises(BlockingIOError):
        lock_folder(tmp_path)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    lock_folder(tmp_path).close()
    for handle in (ready, told):
        os.close(handle)


def test_links_are_not_locked_unless_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(OSError, match="link"):
        lock_folder(tmp_path / "link")
    lock_folder(tmp_path / "link", through_links=True).close()


def test_a_file_system_without_locks_gives_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr("nntc.decoder.locks.fcntl.flock", refuse)
    assert not lock_folder(tmp_path).is_real
    with only_one_in(tmp_path):
        pass


def test_a_lock_that_somebody_keeps_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", 0.05)
    with (
        lock_folder(tmp_path),
        pytest.raises(OSError, match="another program has its folder locked"),
        only_one_in(tmp_path),
    ):
        pytest.fail("two have it")


def test_a_folder_that_cannot_be_read_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("nntc.decoder.locks.os.open", refuse)
    with only_one_in(tmp_path):
        pass

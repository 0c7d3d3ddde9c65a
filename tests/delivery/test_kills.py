"""Faults of the machine while a device pulls: kills, a full disk, lost power."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from nntc.delivery import current
from nntc.errors import NntcError

from tests.delivery.conftest import TUNED, World
from tests.delivery.server import Handler

needs_posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits are those of POSIX")


@pytest.fixture(params=[1, TUNED], ids=["full", "update"])
def updated(request: pytest.FixtureRequest, world: World) -> World:
    """A device that has version 1.0 where 1.1 is new, to be fetched as a full file or as an update."""
    world.publish("1.0", 0)
    world.pull()
    world.new = request.param
    assert (world.publish("1.1", world.new).update is None) == (world.new == 1)
    return world


class Killed(BaseException):
    """As good as SIGKILL for what is on the disk: nothing of the code that follows runs."""


def test_a_pull_that_is_stopped_at_any_change_of_the_disk(
    updated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call that changes names or contents is a step; the pull ends before it, and the next goes on."""
    shutil.copytree(updated.device, updated.folder / "before")
    count, stop = 0, -1

    def stopping(function: Any) -> Any:
        def call(*words: Any, **named: Any) -> Any:
            nonlocal count
            if count == stop:
                raise Killed
            count += 1
            return function(*words, **named)

        return call

    names = [(Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (os, "fsync"), (os, "replace")]
    for place, name in [*names, (shutil, "rmtree")]:
        monkeypatch.setattr(place, name, stopping(getattr(place, name)))
    stops, seen = 0, set()
    while True:
        stop = -1
        shutil.rmtree(updated.device)
        shutil.copytree(updated.folder / "before", updated.device)
        count, stop = 0, stops
        with suppress(Killed):
            updated.pull()
            break
        stop = -1
        seen.add(updated.used)
        updated.pull()
        assert updated.used == updated.source(updated.new)
        assert len(list(updated.device.glob("versions/*/*.onnx"))) == 2
        stops += 1
    assert stops > 30
    assert seen == {updated.source(0), updated.source(updated.new)}


PULL = """
import sys
from nntc.delivery import pull
print("ready", flush=True)
sys.stdin.readline()
pull(sys.argv[1], sys.argv[2], name="net")
"""


def start(world: World, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that pulls when it is written to."""
    words = [sys.executable, "-c", PULL, world.server.url, str(world.device)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def slowly(handler: Handler, data: bytes) -> None:
    """Send what is asked for, a piece at a time."""
    body = handler.begin(data, ETag='"a"')
    for at in range(0, len(body), 8192):
        handler.wfile.write(body[at : at + 8192])
        time.sleep(0.002)


@needs_posix
@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_any_moment_leaves_the_old_version_or_the_new(updated: World, seed: int) -> None:
    """A sample of what `benchmarks/delivery/kills.py` does more often."""
    updated.server.otherwise = slowly
    process = start(updated, stderr=subprocess.DEVNULL)
    with process:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        with suppress(subprocess.TimeoutExpired):
            process.wait(random.Random(seed).uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
    assert updated.used in (updated.source(0), updated.source(updated.new))
    updated.pull()
    assert updated.used == updated.source(updated.new)


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
from nntc.delivery import pull
try:
    pull(sys.argv[1], sys.argv[2], name="net")
except Exception as e:
    print(e.id)
"""


@needs_posix
@pytest.mark.parametrize("most", [10_000, 60_000, 95_000])
def test_a_disk_that_is_full(updated: World, most: int) -> None:
    """Files that grow no further: the download, or what is decoded."""
    words = [sys.executable, "-c", LIMITED, updated.server.url, str(updated.device), str(most)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr, done.returncode) == ("E_OUTPUT\n", "", 0)
    assert updated.used == updated.source(0)
    updated.pull()
    assert updated.used == updated.source(updated.new)


class Disk:
    """Loses on demand what no fsync has forced to storage: files are cut to the length they had then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.forced: dict[tuple[int, int], int] = {}
        fsync = os.fsync

        def noted(handle: int) -> None:
            status = os.fstat(handle)
            self.forced[status.st_dev, status.st_ino] = status.st_size
            fsync(handle)

        monkeypatch.setattr(os, "fsync", noted)

    def lose(self, folder: Path) -> None:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                forced = self.forced.get((status.st_dev, status.st_ino), 0)
                os.truncate(path, min(forced, status.st_size))


@pytest.mark.parametrize("stop", range(0, 40, 3))
def test_what_was_not_forced_to_storage_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    disk = Disk(monkeypatch)
    world.publish("1.0", 0)
    world.pull()
    world.publish("1.1", 1)
    count = 0
    replace = Path.replace

    def stopping(path: Path, target: Any) -> Path:
        nonlocal count
        count += 1
        if count > stop:
            raise Killed
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stopping)
        world.server.script = [slowly]
        with suppress(Killed, NntcError):
            world.pull()
    disk.lose(world.device)
    assert world.used in (world.source(0), world.source(1))
    installed = current(world.device)
    assert installed is not None
    world.pull()
    assert world.used == world.source(1)

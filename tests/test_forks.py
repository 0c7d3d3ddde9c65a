"""Processes that are forked with a container open, and many threads on one."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nntc
import numpy as np
import pytest
from nntc.forks import tell_after_fork
from nntc.reader.info import describe
from nntc.sources.cache import CachedSource

from tests import networks
from tests.sources.test_cache import Recording

COUNT = 24
SECONDS = 60
"""After which a process that waits for ever is ended."""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of many sections, too large to be decoded as a whole at once."""
    rng = np.random.default_rng(0)
    weights = {f"w{n}": networks.heavy(rng, 300, 300 + n) for n in range(COUNT)}
    target = tmp_path_factory.mktemp("forks") / "model.nntc"
    nntc.encode(networks.using(**weights), target, method="lossless")
    return target


def sums(container: nntc.Container, order: list[int]) -> dict[str, float]:
    return {f"w{n}": float(container.tensors[f"w{n}"].array().sum(dtype=np.float64)) for n in order}


def order(seed: int) -> list[int]:
    return [int(n) for n in np.random.default_rng(seed).permutation(COUNT)]


def in_fork(work: Callable[[], None]) -> int:
    """Do work in a forked process; return its number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # there are threads, and that is the point
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.alarm(SECONDS)
        work()
        code = 0
    finally:
        os._exit(code)


def ended_well(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@needs_fork
def test_forked_processes_and_the_first_read_one_file_at_once(path: Path) -> None:
    with nntc.open(path) as container:
        expected = sums(container, order(0))

        def read(seed: int) -> None:
            for turn in range(4):
                assert sums(container, order(100 * seed + turn)) == expected

        children = [in_fork(lambda seed=seed: read(seed)) for seed in range(1, 5)]  # type: ignore[misc]
        read(0)
        ends = [ended_well(child) for child in children]  # all are waited for
        assert all(ends)


@needs_fork
@pytest.mark.parametrize("kind", ["file", "remote"])
def test_what_another_thread_was_reading_when_a_process_was_forked_is_read_there(
    path: Path, kind: str
) -> None:
    source = path if kind == "file" else CachedSource(Recording(path.read_bytes()))
    with nntc.open(source) as container:
        expected = sums(container, order(0))
        for lock in held_locks(container, source):
            with lock_held_by_another(lock):
                child = in_fork(lambda: check(sums(container, order(1)) == expected))
            assert ended_well(child)
        assert sums(container, order(2)) == expected


def check(fact: bool) -> None:
    assert fact


def held_locks(container: nntc.Container, source: object) -> Iterator[threading.Lock]:
    yield container._content._payloads._lock
    if isinstance(source, CachedSource):
        yield source._lock


@contextmanager
def lock_held_by_another(lock: threading.Lock) -> Iterator[None]:
    """Have another thread hold a lock meanwhile."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


@needs_fork
def test_who_is_gone_is_not_told() -> None:
    told = []

    class Owner:
        def after_fork(self) -> None:
            told.append(self)

    kept, gone = Owner(), Owner()
    tell_after_fork(kept)
    tell_after_fork(gone)
    del gone
    assert ended_well(in_fork(lambda: check(told == [kept])))
    assert told == []


def test_sixteen_threads_on_one_container(path: Path) -> None:
    with nntc.open(path) as container:
        expected = sums(container, order(0))
        about = describe(container)

    def work(seed: int) -> bool:
        if seed % 4 == 0:
            return describe(container) == about
        if seed % 4 == 1:
            arrays = container.arrays([f"w{n}" for n in order(seed)])
            return {name: float(array.sum(dtype=np.float64)) for name, array in arrays.items()} == expected
        return sums(container, order(seed)) == expected

    with nntc.open(path) as container, ThreadPoolExecutor(16) as executor:
        assert all(executor.map(work, range(48)))

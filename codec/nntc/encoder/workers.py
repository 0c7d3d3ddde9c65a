"""Run independent work in threads, on a user's executor, or here; count it for progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from types import TracebackType
from typing import Any, TypeVar

from nntc.progress import Progress

T = TypeVar("T")


class Workers:
    """Maps a function over items, in order; results never depend on how.

    Parameters
    ----------
    jobs
        Threads, or an executor; functions and items sent to an executor can be pickled.
    progress
        Called with items done and items in all.
    """

    def __init__(self, jobs: int | Executor, progress: Progress | None = None) -> None:
        self._own = ThreadPoolExecutor(jobs) if isinstance(jobs, int) and jobs > 1 else None
        self._executor = jobs if isinstance(jobs, Executor) else self._own
        self._progress = progress
        self._done = self._total = 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.shutdown(cancel_futures=kind is not None)

    def map(self, function: Callable[..., T], items: Sequence[tuple[Any, ...]]) -> list[T]:
        """Return function(*item) for every item."""
        self._total += len(items)
        if self._executor is None:
            return [self._count(function(*item)) for item in items]
        futures = [self._executor.submit(function, *item) for item in items]
        return [self._count(future.result()) for future in futures]

    def report(self, done: int, total: int) -> None:
        """Tell of work done elsewhere, in steps of its own."""
        if self._progress is not None:
            self._progress(done, total)

    def _count(self, result: T) -> T:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)
        return result

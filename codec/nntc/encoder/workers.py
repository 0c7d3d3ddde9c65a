"""Run independent work in threads, on a user's executor, or here; count it for progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

from nntc.encoder.cluster import Cluster
from nntc.progress import Phase, Progress, ProgressEvent, Steps, within

T = TypeVar("T")
_WAITING = 64
"""Items sent to an executor before the first of them is back: enough to keep a cluster busy, few enough that
a large model is never all on its way."""


class Workers:
    """Maps a function over items, in order; results never depend on how.

    Parameters
    ----------
    jobs
        Threads, or an executor; functions and items sent to an executor can be pickled.
    dask
        Address of a Dask scheduler whose workers do the work in place of threads.
    progress
        Called with events; items are steps of phase `ENCODING`, one for each tensor.
    """

    def __init__(
        self, jobs: int | Executor, progress: Progress | None = None, *, dask: str | None = None
    ) -> None:
        self._own: Executor | None = None
        if dask is not None:
            self._own = Cluster(dask)
        elif isinstance(jobs, int) and jobs > 1:
            self._own = ThreadPoolExecutor(jobs)
        self._executor = jobs if isinstance(jobs, Executor) else self._own
        self.progress = progress
        """What receives the events of work done elsewhere."""

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.shutdown(cancel_futures=kind is not None)

    def map(self, function: Callable[..., T], items: Sequence[tuple[Any, ...]]) -> list[T]:
        """Return function(*item) for every item."""
        steps = Steps(self.progress, Phase.ENCODING, len(items), "tensor")
        results: Iterator[T]
        if self._executor is None:
            results = (function(*item) for item in items)
        else:
            results = self._executed(self._executor, function, items)
        return list(steps.through(results))

    def _executed(
        self, executor: Executor, function: Callable[..., T], items: Sequence[tuple[Any, ...]]
    ) -> Iterator[T]:
        waiting: deque[Future[T]] = deque()
        for item in items:
            if len(waiting) == _WAITING:
                yield waiting.popleft().result()
            waiting.append(executor.submit(function, *item))
        while waiting:
            yield waiting.popleft().result()

    @contextmanager
    def during(self, event: ProgressEvent) -> Iterator[None]:
        """Report all work until the end of the context as a part of a phase."""
        before = self.progress
        self.progress = within(before, event)
        try:
            yield
        finally:
            self.progress = before

"""Run independent work in threads, on a user's executor, or here; count it for progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from nntc.encoder.cluster import Cluster
from nntc.encoder.store import Store
from nntc.progress import Phase, Progress, ProgressEvent, Steps, within

T = TypeVar("T")
_WAITING = 64
"""Items sent to an executor before the first of them is back: enough to keep a cluster busy, few enough that
a large model is never all on its way."""
_WAITING_BYTES = 1 << 28
"""Bytes of their arrays: where tensors are large, fewer of them wait."""


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
    folder
        Where results are put aside; see `Store`.
    """

    def __init__(
        self,
        jobs: int | Executor,
        progress: Progress | None = None,
        *,
        dask: str | None = None,
        folder: Path | None = None,
    ) -> None:
        self._own: Executor | None = None
        self._waiting = _WAITING
        self._folder = folder
        if dask is not None:
            self._own = Cluster(dask)
        elif isinstance(jobs, int) and jobs > 1:
            self._own = ThreadPoolExecutor(jobs)
            self._waiting = jobs + 1
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

    def store(self) -> Store:
        """Return a place where results are put aside."""
        return Store(self._folder)

    def map(self, function: Callable[..., T], items: Iterable[tuple[Any, ...]], count: int) -> Iterator[T]:
        """Yield function(*item) for every item, in order.

        Items are made when their turn comes, and results are not kept here: neither need fit into memory
        together.

        Parameters
        ----------
        count
            Number of items, for progress.
        """
        steps = Steps(self.progress, Phase.ENCODING, count, "tensor")
        if self._executor is None:
            return steps.through(function(*item) for item in items)
        return steps.through(self._executed(self._executor, function, items))

    def _executed(
        self, executor: Executor, function: Callable[..., T], items: Iterable[tuple[Any, ...]]
    ) -> Iterator[T]:
        waiting: deque[tuple[Future[T], int]] = deque()
        taken = 0
        for item in items:
            size = sum(getattr(argument, "nbytes", 0) for argument in item)
            while waiting and (len(waiting) == self._waiting or taken + size > _WAITING_BYTES):
                future, own = waiting.popleft()
                taken -= own
                yield future.result()
            waiting.append((executor.submit(function, *item), size))
            taken += size
            del item
        while waiting:
            yield waiting.popleft()[0].result()

    @contextmanager
    def during(self, event: ProgressEvent) -> Iterator[None]:
        """Report all work until the end of the context as a part of a phase."""
        before = self.progress
        self.progress = within(before, event)
        try:
            yield
        finally:
            self.progress = before

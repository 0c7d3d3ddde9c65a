"""Workers of a Dask cluster as an executor that bounds what is under way and never waits for nobody."""

from __future__ import annotations

import asyncio
import logging
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Condition, Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from nntc.arithmetic import in_standard_arithmetic
from nntc.errors import ClusterError, NntcError
from nntc.extras import missing_extra

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
_CONNECTING = 15.0
"""Seconds that a scheduler has to answer in, and to have a worker."""
_PATIENCE = 60.0
"""Seconds that work may be under way while there is no worker, before it is given up."""
_LOOK = 1.0  # seconds between two looks at the workers
_BYTES = 256 << 20
"""Bytes of items under way at once, one item at least: the scheduler holds them until they are done."""
_LOGGER = logging.getLogger("distributed.client")
_SETTING = Lock()
_AHEAD = 2  # items under way for each thread of the cluster


class Cluster(Executor):
    """An executor whose work is done by the workers of a Dask scheduler.

    Functions and items travel pickled, so that tensors of any size do. A worker that is lost loses nothing:
    the scheduler gives its items to others, three times each; results leave the cluster when they are there.

    Parameters
    ----------
    address
        Of the scheduler, such as `tcp://10.0.0.1:8786`.

    Raises
    ------
    ImportError
        `distributed` is not installed.
    ClusterError
        E_CLUSTER: no scheduler answers there, or it has no workers.
    """

    def __init__(self, address: str, *, connecting: float = _CONNECTING, patience: float = _PATIENCE) -> None:
        self._address, self._patience = address, patience
        self._changed = Condition()
        self._sizes: dict[Future[Any], int] = {}
        self._error: NntcError | None = None
        self._closed = Event()
        _LOGGER.addFilter(self._is_told)
        try:
            self._client = _connect(address, connecting)
        except BaseException:
            _LOGGER.removeFilter(self._is_told)
            raise
        try:
            self._client.wait_for_workers(1, connecting)
            self._most = _AHEAD * self._threads()
        except (OSError, TimeoutError) as e:
            self._leave()
            raise ClusterError(f"the scheduler at {address} has no workers") from e
        self._watcher = Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Send a call to the cluster; wait while enough is under way."""
        call = pickle.dumps((fn, args, kwargs), protocol=5)
        future: Future[T] = Future()
        with self._changed:
            self._changed.wait_for(lambda: self._error is not None or self._has_room(len(call)))
            if self._error is not None:
                raise self._error
            self._sizes[future] = len(call)
        with _submitting():
            remote = self._client.submit(run_pickled, call, _version(), pure=False)
        remote.add_done_callback(lambda done: self._finish(future, done))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - it always does
        """Leave the cluster, which goes on without us."""
        self._closed.set()
        self._fail(ClusterError("the connection to the cluster is closed"))
        self._leave()
        if wait:
            self._watcher.join()

    def _leave(self) -> None:
        _close(self._client)
        _LOGGER.removeFilter(self._is_told)

    def _is_told(self, _: logging.LogRecord) -> bool:
        """Whether dask may log something of a client: no, one clear line is ours to say."""
        return False

    def _has_room(self, size: int) -> bool:
        under_way = sum(self._sizes.values())
        return not self._sizes or (len(self._sizes) < self._most and under_way + size <= _BYTES)

    def _finish(self, future: Future[Any], remote: Any) -> None:
        """Take a result, which frees its place on the worker."""
        try:
            result, error = pickle.loads(remote.result()), None  # noqa: S301 - our own workers' results
        except Exception as e:
            result, error = None, self._explained(e)
        self._settle(future, result, error)

    def _settle(self, future: Future[Any], result: Any, error: Exception | None) -> None:
        with self._changed:
            if self._sizes.pop(future, None) is None:
                return  # given up before
            self._changed.notify_all()
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def _fail(self, error: NntcError) -> None:
        with self._changed:
            self._error = self._error or error
            waiting = list(self._sizes)
            self._changed.notify_all()
        for future in waiting:
            self._settle(future, None, error)

    def _watch(self) -> None:
        """Give up when nobody can do the work."""
        alive = monotonic()
        while not self._closed.wait(_LOOK):
            try:
                threads = self._threads() if self._client.status == "running" else 0
            except Exception:  # whatever a lost connection raises
                threads = 0
            if threads:
                alive, self._most = monotonic(), _AHEAD * threads
            elif monotonic() - alive > self._patience:
                self._fail(
                    ClusterError(f"the cluster at {self._address} has lost its workers, or its scheduler")
                )
                return

    def _threads(self) -> int:
        return sum(self._client.nthreads().values())

    def _explained(self, error: Exception) -> Exception:
        """Return what an error of the cluster means."""
        kind = type(error).__name__
        if isinstance(error, NntcError):
            return error
        if kind == "KilledWorker":
            return ClusterError(
                "a tensor has ended several workers, most likely for want of memory: give each more"
            )
        if isinstance(error, ModuleNotFoundError):
            return ClusterError(f"a worker has no module {error.name}: install nntc there, as here")
        if kind in ("FutureCancelledError", "CancelledError", "CommClosedError"):
            return ClusterError(f"the scheduler at {self._address} is gone, or has dropped the work")
        return error


@in_standard_arithmetic
def run_pickled(call: bytes, version: str) -> bytes:
    """Return the pickled result of a pickled call, on a worker; ClusterError for one of another version."""
    if version != _version():
        raise ClusterError(f"a worker has nntc {_version()}, not {version}: its bytes could differ")
    function, args, kwargs = pickle.loads(call)  # noqa: S301 - a cluster runs what its users send
    return pickle.dumps(function(*args, **kwargs), protocol=5)


def _version() -> str:
    import nntc

    return nntc.__version__


@contextmanager
def _submitting() -> Iterator[None]:
    """Have dask not warn of large items, for one call: the setting is that of the whole process."""
    import dask

    with _SETTING, dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"}):
        yield


def _connect(address: str, timeout: float) -> Client:
    try:
        from distributed import Client
    except ImportError as e:
        raise missing_extra(e, "a Dask cluster") or e from e
    try:
        with ThreadPoolExecutor(1) as thread:  # of its own: here an event loop may run already
            thread.submit(asyncio.run, _knock(address, timeout)).result()
        return Client(address, timeout=timeout, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as e:
        raise ClusterError(f"no Dask scheduler answers at {address}") from e


async def _knock(address: str, timeout: float) -> None:
    """Raise OSError or TimeoutError if no scheduler answers; a client would not always come back."""
    from distributed import connect

    comm = await asyncio.wait_for(connect(address, timeout=timeout), timeout + 1)
    await comm.close()


def _close(client: Client) -> None:
    with suppress(Exception):  # of a connection that is lost already
        client.close(timeout=5)

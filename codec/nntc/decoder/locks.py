"""Locks on folders: of the run that a staging folder belongs to, and of all who give files their names.

A lock ends with the process that holds it, however that ends. Windows has none of this kind, and neither have
some file systems: there, folders of killed runs stay, and two runs that write one set of files may mix them.

Implements SPEC.md 10 (R-601, R-607).
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS = fcntl is not None
_NO_LOCKS = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL, errno.EBADF}
"""What file systems say that have no locks."""
_PATIENCE = 30.0
"""Seconds that others may take to give their files names."""
_LOOK = 0.01  # seconds between two tries


class Lock:
    """A lock on a folder, held until it is closed; none where there are no locks."""

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    @property
    def is_real(self) -> bool:
        """Whether nobody else can have it."""
        return self._handle is not None

    def __enter__(self) -> Lock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others have it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):  # which closes it all the same
                os.close(handle)


def lock_folder(path: Path, *, through_links: bool = False) -> Lock:
    """Take the lock on a folder.

    Raises
    ------
    BlockingIOError
        Somebody else has it.
    OSError
        It cannot be opened; it has gone.
    """
    if fcntl is None:
        return Lock(None)
    handle = os.open(path, os.O_RDONLY | (0 if through_links else os.O_NOFOLLOW))
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.stat()
    except OSError as e:
        with contextlib.suppress(OSError):
            os.close(handle)
        if e.errno in _NO_LOCKS:
            return Lock(None)
        raise
    except BaseException:  # an interrupt
        os.close(handle)
        raise
    return Lock(handle)


@contextlib.contextmanager
def only_one_in(folder: Path) -> Iterator[None]:
    """Let one run at a time claim a target in a folder, or give files their names there.

    Raises
    ------
    OSError
        Somebody does not let go of the lock; the folder is not there.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            lock = lock_folder(folder, through_links=True)
            break
        except PermissionError:  # a folder that we may write to, not read
            lock = Lock(None)
            break
        except BlockingIOError:
            if time.monotonic() > until:
                raise OSError(errno.EBUSY, "another program has its folder locked") from None
        time.sleep(_LOOK)
    with lock:
        yield

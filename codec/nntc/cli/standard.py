"""Standard streams of commands: closed ones are opened, one that does not wait is waited for."""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Any, TextIO


def prepare_streams() -> None:
    """Open standard streams that are closed, and have a standard output that does not wait be waited for.

    A file that is opened would take the number of one that is closed, and what is written to it by mistake.
    Python loses what a pipe cannot take at once.
    """
    for number, mode in enumerate((os.O_RDONLY, os.O_RDONLY, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # standard output can be read alone: writing is refused
    out: Any = sys.stdout
    error: Any = sys.stderr
    if out is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
    elif os.name == "posix" and out is sys.__stdout__ and not os.get_blocking(1):
        sys.stdout = _waiting(out)
    if error is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _waiting(stream: Any) -> TextIO:
    return io.TextIOWrapper(io.BufferedWriter(_Waiting()), stream.encoding, stream.errors)


class _Waiting(io.RawIOBase):
    """Standard output, waited for."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        while True:
            select.select([], [1], [])
            try:
                return os.write(1, data)
            except BlockingIOError:
                continue

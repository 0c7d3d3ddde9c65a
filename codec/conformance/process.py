"""A decoder as a process: started, watched over, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_LONGEST_PAUSE = 0.02
_KEPT_TEXT = 1 << 16


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that a decoder may take: seconds of wall clock, and bytes of memory (None: not watched)."""

    seconds: float
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    Parameters
    ----------
    code
        Exit code, negative for a signal.
    stopped
        Why it was stopped, or None if it ended by itself.
    text
        What it wrote on standard error, the beginning.
    memory
        Peak resident memory in bytes, None where the system does not tell.
    """

    code: int
    stopped: str | None
    text: str
    seconds: float
    memory: int | None


def start(words: Sequence[str], stderr: IO[bytes], **pipes: Any) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that all it starts can be ended with it."""
    return subprocess.Popen(words, stderr=stderr, start_new_session=True, **pipes)  # noqa: S603 - the user's command


def run(words: Sequence[str], caps: Caps) -> Ended:
    """Run a command to its end, or to the end of its time or memory; OSError if it cannot be started."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as stderr:
        process = start(words, stderr, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = _End(process)
        try:
            stopped = watch(process, caps, end.is_there)
        finally:
            kill(process)
            while not end.is_there():
                time.sleep(_LONGEST_PAUSE)
        return Ended(process.returncode, stopped, beginning(stderr), time.monotonic() - begin, end.memory)


class _End:
    """Waits for a process, and asks what memory it took, which is told only once."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.memory: int | None = None
        """Peak of the process, or of one that it waited for, in bytes."""

    def is_there(self) -> bool:
        """Whether the process has ended."""
        if self._process.returncode is None and hasattr(os, "wait4"):
            pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
            if pid:
                self._process.returncode = os.waitstatus_to_exitcode(status)
                self.memory = int(usage.ru_maxrss) * (1 if sys.platform == "darwin" else 1024)
        return self._process.poll() is not None


def watch(process: subprocess.Popen[bytes], caps: Caps, done: Callable[[], bool]) -> str | None:
    """Wait until `done`; return None then, or before that why the process must be stopped."""
    deadline = time.monotonic() + caps.seconds
    pause = 0.0005
    while not done():
        if time.monotonic() > deadline:
            return f"took more than {caps.seconds:g} s"
        if caps.memory is not None and (peak_memory(process.pid) or 0) > caps.memory:
            return "took too much memory"
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return None


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started, also where it has ended by itself."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def beginning(stderr: IO[bytes]) -> str:
    """Return the beginning of what a process has written."""
    stderr.seek(0)
    return stderr.read(_KEPT_TEXT).decode("utf-8", "replace")


def peak_memory(pid: int) -> int | None:
    """Return the peak resident memory of a running process in bytes, None where the system does not tell."""
    with suppress(OSError):
        match = re.search(r"VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"))
        if match:
            return int(match[1]) * 1024
    return None


def forget_peak_memory(pid: int) -> None:
    """Let the peak begin anew at what is in use, where the system can do that."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5", "utf-8")

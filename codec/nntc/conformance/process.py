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
_LAUNCHER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))
_MAXRSS = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of ru_maxrss."""


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
    with tempfile.TemporaryFile() as stderr:
        process = _Measured(words, stderr) if hasattr(os, "wait4") else _Process(words, stderr)
        begin = time.monotonic()
        try:
            stopped = watch(process.pid, caps, process.has_ended)
        finally:
            kill(process.pid)
            code, memory = process.end()
        return Ended(code, stopped, beginning(stderr), time.monotonic() - begin, memory)


class _Process:
    """A command, where the system does not tell what memory it took."""

    def __init__(self, words: Sequence[str], stderr: IO[bytes]) -> None:
        self._process = start(words, stderr, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.pid = self._process.pid

    def has_ended(self) -> bool:
        """Whether it has."""
        return self._process.poll() is not None

    def end(self) -> tuple[int, int | None]:
        """Wait for the end; return exit code and peak memory in bytes."""
        return self._process.wait(), None


class _Measured:
    """A command started by `launch.py`, which tells what memory it took."""

    def __init__(self, words: Sequence[str], stderr: IO[bytes]) -> None:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        self._launcher = start([*_LAUNCHER, *words], stderr, **pipes)
        self.pid = int(self._line())
        if self.pid < 0:
            self._launcher.communicate()
            raise OSError(-self.pid, os.strerror(-self.pid), words[0])

    def _line(self) -> bytes:
        return self._launcher.stdout.readline() if self._launcher.stdout is not None else b""

    def has_ended(self) -> bool:
        """Whether it has."""
        return self._launcher.poll() is not None

    def end(self) -> tuple[int, int | None]:
        """Wait for the end; return exit code and peak memory in bytes, also of those it waited for."""
        code, memory = self._line().split()
        self._launcher.communicate()
        return int(code), int(memory) * _MAXRSS


def watch(pid: int, caps: Caps, done: Callable[[], bool]) -> str | None:
    """Wait until `done`; return None then, or before that why the process must be stopped."""
    deadline = time.monotonic() + caps.seconds
    pause = 0.0005
    while not done():
        if time.monotonic() > deadline:
            return f"took more than {caps.seconds:g} s"
        if caps.memory is not None and (peak_memory(pid) or 0) > caps.memory:
            return "took too much memory"
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return None


def kill(pid: int) -> None:
    """End a process and all that it has started, also where it has ended by itself."""
    with suppress(OSError):  # nothing of it is left
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)


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

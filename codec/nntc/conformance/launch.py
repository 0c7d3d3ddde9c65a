"""Run a command, and tell its process, how it ended and the peak of its memory.

python -I -S launch.py COMMAND...

The peak that Linux tells of an ended process is not less than that of the process which started it (execve
keeps ru_maxrss). This one is small, so that what it tells is the command's. It writes a line with the process
id, or the negative errno if the command cannot be started; then one with the exit code, negative for a
signal, and ru_maxrss.
"""

from __future__ import annotations

import os
import signal
import sys


def main(words: list[str]) -> None:
    """Run it in a process group of its own, and tell."""
    # Looked up here: the module can be imported where the system has none of these.
    closed = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    ignored = [signal.SIGPIPE, signal.SIGXFSZ]  # what Python ignores; the command has the system's defaults
    try:
        process = os.posix_spawnp(
            words[0], words, os.environ, file_actions=closed, setpgroup=0, setsigdef=ignored
        )
    except OSError as e:
        sys.stdout.write(f"{-(e.errno or 1)}\n")
        return
    sys.stdout.write(f"{process}\n")
    sys.stdout.flush()
    _, status, usage = os.wait4(process, 0)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

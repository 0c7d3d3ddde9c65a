"""A command of the device's owner that looks at a new model before it is used, and may refuse it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from nntc.errors import DeliveryError, reason

PLACE = "{model}"
"""In a command, stands for the path of the model."""
Check = str | Callable[[Path], bool]
"""A command, or a function that returns whether a model is accepted."""


def words_of(command: str) -> list[str]:
    """Return the words of a command, as a shell splits them; ValueError if it names no model."""
    words = shlex.split(command)
    if not any(PLACE in word for word in words):
        raise ValueError(f"the check names no {PLACE}")
    return words


def refusal(check: Check, model: Path, timeout: float) -> str | None:
    """Return why a check refuses a model; None if it does not.

    Parameters
    ----------
    check
        A command is run without a shell; what it writes goes to standard error. It refuses with an exit code
        other than 0, when it is ended by a signal, and when it takes too long.
    model
        Path of the model.
    timeout
        Seconds that a command may take.

    Raises
    ------
    DeliveryError
        E_CHECK: the command cannot be run. That says nothing about the model.
    """
    if not isinstance(check, str):
        return None if check(model) else "the check does not accept it"
    words = [word.replace(PLACE, str(model)) for word in words_of(check)]
    try:
        code = _run(words, timeout)
    except OSError as e:
        raise DeliveryError("E_CHECK", f"cannot run the check {words[0]!r}: {reason(e)}") from e
    except subprocess.TimeoutExpired:
        return f"the check takes longer than {timeout:g} seconds"
    if code < 0:
        return f"the check was ended by signal {-code}"
    return f"the check ended with exit code {code}" if code else None


def _run(words: list[str], timeout: float) -> int:
    """Run a command and return its exit code; what it has started ends with it, where it takes too long."""
    sys.stderr.flush()
    with subprocess.Popen(  # noqa: S603 - the owner's own command
        words, stdin=subprocess.DEVNULL, stdout=_standard_error(), start_new_session=True
    ) as process:
        try:
            return process.wait(timeout)
        except BaseException:
            with contextlib.suppress(OSError):
                if hasattr(os, "killpg"):
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    process.kill()
            raise


def _standard_error() -> int:
    try:
        return sys.stderr.fileno()
    except (OSError, ValueError, AttributeError):  # one that is no file
        return subprocess.DEVNULL

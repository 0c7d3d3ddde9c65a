"""The command `nntc`, and what each of its commands has in common: exit codes, interrupts, errors.

`encode`, `sweep`, `demo` and `publish` are made with click; the others with the standard library alone, and
start at once on a small device. What a command needs (numpy, onnx) it imports when it runs.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from nntc.cli.standard import prepare_streams
from nntc.errors import DeliveryError, NntcError, OutputError, SourceError, UnsupportedError, reason
from nntc.printable import flush, printable, write

__all__ = ["main"]

DONE, REJECTED, USAGE, UNSUPPORTED, REFUSED = range(5)
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave Python with its exit code.

    Parameters
    ----------
    arguments
        Command line without the program's name; that of the process by default.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else onnxruntime leaves a file, and reports
    prepare_streams()
    try:
        with _ending_cleanly():
            code = _flushed(_run(arguments))
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # the reader has gone, as in `nntc info FILE | head`: there is nobody to tell
        code = REJECTED
        _abandon(1)
    try:
        sys.stderr.flush()
    except OSError:  # what it does not take changes no exit code
        _abandon(2)
    sys.exit(code)


def _flushed(code: int) -> int:
    """Write what is left for standard output; return the exit code."""
    try:
        flush(sys.stdout)
    except OutputError as e:
        _abandon(1)
        return code or _fail(str(e))
    return code


def _run(arguments: Sequence[str] | None) -> int:
    from nntc.cli.group import run

    try:
        with _interrupts_first():
            return run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as e:  # after help, or wrong usage, or SIGTERM
        return e.code if isinstance(e.code, int) else DONE
    except UnsupportedError as e:
        return _fail(str(e), UNSUPPORTED)
    except SourceError as e:  # nothing is known about the file itself
        return _fail(str(e), USAGE)
    except DeliveryError as e:
        return _fail(str(e), REFUSED if e.id == "E_REFUSED" else REJECTED)
    except NntcError as e:
        return _fail(str(e))
    except ImportError as e:  # one that is optional: the message says how to get it
        return _fail(f"E_EXTRA: {' '.join(str(e).split())[:300]}")
    except (MemoryError, SystemError):  # the latter is what Python makes of the former within an import
        return _fail("E_NO_MEMORY: out of memory")
    except BrokenPipeError:
        raise
    except OSError as e:
        return _fail(f"E_SYSTEM: {e.filename}: {reason(e)}" if e.filename else f"E_SYSTEM: {reason(e)}")


@contextmanager
def _interrupts_first() -> Iterator[None]:
    """Raise the interrupt where something fails because of it, such as closing a file twice."""
    try:
        yield
    except Exception as e:
        found: BaseException | None = e
        while found is not None and not isinstance(found, KeyboardInterrupt | SystemExit):
            found = found.__cause__ or found.__context__
        if found is not None:
            raise found from None
        raise


def _fail(message: str, code: int = REJECTED) -> int:
    write(sys.stderr, f"nntc: {printable(message)}\n")
    flush(sys.stderr)
    return code


def _abandon(number: int) -> None:
    """Point a standard stream nowhere, or Python would flush it again, and end with another code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), number)


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Let SIGTERM and SIGHUP remove unfinished output, as Ctrl-C does, instead of ending the process."""

    def terminate(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    names = ("SIGTERM", "SIGHUP")  # which Windows has not
    is_main = threading.current_thread() is threading.main_thread()  # no other may
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name) and is_main]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, terminate)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Run a command again and again, stopped at every call of the system in turn; print what came of each run.

    LD_PRELOAD=fault.so python -m tests.faults FOLDER HOW EVERY COMMAND...

FOLDER holds `before`, what the command finds; it runs in `work` beside it, a copy. HOW is `kill`, `interrupt`
or the name of an error such as ENOSPC; EVERY is 1 for each call, 3 for every third. A command is that of
`nntc`, or `reference` and what the decoder in plain Python is called with, or `write` and files to be written
together. Prints in JSON what files there are after a whole run, and a list with an object for each run.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nntc.decoder.output_set import OutputSet
from nntc.errors import NntcError

ENOUGH = 99
"""Exit code of a run that made fewer calls."""


def main(folder: Path, how: str, every: int, words: Sequence[str]) -> None:
    action = {"kill": -signal.SIGKILL, "interrupt": -signal.SIGINT}.get(how) or getattr(errno, how)
    run = command(words)
    work = folder / "work"
    again(folder, work)
    found = listing(work)
    os.chdir(work)
    shim = ctypes.CDLL(None)
    assert in_child(run, folder)[0] == 0
    whole = listing(work)
    again(folder, work)
    os.chdir(work)
    run_quietly(run, folder)  # imports all there is
    results: list[dict[str, Any]] = []
    while True:
        os.chdir(folder)
        again(folder, work)
        os.chdir(work)
        number = 1 + every * len(results)

        def stopped(number: int = number) -> int:
            shim.fault_arm(ctypes.c_long(number), ctypes.c_int(action))
            code = run()
            enough = shim.fault_calls() < number
            shim.fault_arm(ctypes.c_long(0), ctypes.c_int(0))
            return ENOUGH if enough else code

        code, errors = in_child(stopped, folder)
        if code == ENOUGH:
            break
        after = listing(work)
        later: dict[str, Any] = {}
        if (code and after != found) or any(".nntc-" in name for name in after):  # what the next run tidies
            later_code, _ = in_child(run, folder)
            later = {"later": listing(work), "later_code": later_code}
        results.append({"code": code, "errors": errors, "after": after, **later})
    print(json.dumps({"whole": whole, "runs": results}))  # noqa: T201 - what the test reads


def command(words: Sequence[str]) -> Callable[[], int]:
    if words[0] == "reference":
        from conformance.reference_decoder.__main__ import main as reference

        sys.argv = list(words)
        return reference
    if words[0] == "write":
        return lambda: write(words[1:])

    from nntc.cli import main as nntc

    def run() -> int:
        try:
            nntc(list(words))
        except SystemExit as e:
            return int(e.code or 0)

    return run


def write(names: Sequence[str]) -> int:
    try:
        with OutputSet([Path(name) for name in names]) as outputs:
            outputs.write([[f"new {name}".encode()] for name in names])
    except NntcError as e:
        sys.stderr.write(f"nntc: {e}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def again(folder: Path, work: Path) -> None:
    """Make the work folder as it was before."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(folder / "before", work, symlinks=True)


def run_quietly(run: Callable[[], int], folder: Path) -> None:
    kept = os.dup(1)
    with (folder / "out").open("wb") as out:
        os.dup2(out.fileno(), 1)
    try:
        run()
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def in_child(run: Callable[[], int], folder: Path) -> tuple[int, str]:
    """Run in a process of its own; return its exit code and what it wrote on standard error."""
    process = os.fork()
    if process == 0:
        code = 98
        try:
            for number, name in ((1, "out"), (2, "err")):
                with (folder / name).open("wb") as file:
                    os.dup2(file.fileno(), number)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            code = run()
            sys.stdout.flush()
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), (folder / "err").read_text()


def listing(work: Path) -> dict[str, str]:
    """Return the files in a folder and below, each with a digest of its content."""
    found = {}
    for path in sorted(work.rglob("*")):
        name = path.relative_to(work).as_posix()
        found[name] = "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])

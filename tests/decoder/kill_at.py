"""Decode a set of files over an older one, stopped at every call of the system; print what is left.

    python -m tests.decoder.kill_at FOLDER (kill | fail | interrupt)

Prints a list in JSON: for each call, what ended the run, the state after it, and that after the next run. A
state is `old`, `new`, `none` (the model is not there) or `mixed`, and `+` if anything else is in the folder.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from pathlib import Path

from nntc.decoder.model import decode
from nntc.errors import OutputError

from tests.decoder.test_folder import file_with

OLD = {"model.onnx": b"older", "a/w": b"old", "v": b"old"}
NEW = {"model.onnx": b"model", "a/w": b"data", "b/u": b"data", "v": b"dataa/wb/uv"}
_EVENTS = ("open", "os.", "shutil.", "tempfile.", "fcntl.")


def state(folder: Path) -> str:
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    rest = {name for name in found if name not in NEW} | {p.name for p in folder.glob(".nntc-*")}
    extra = "+" if rest or ((folder / "b").exists() and "b/u" not in found) else ""
    known = {name: found[name] for name in found if name in NEW}
    if "model.onnx" not in known:
        return "none" + extra
    for name, files in (("old", OLD), ("new", NEW)):
        if known == files:
            return name + extra
    # An old model does not see files that only the new one has.
    if all(known.get(name) == content for name, content in OLD.items()):
        return "old+"
    return "mixed" + extra


def prepare(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for name, content in OLD.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(content)


def child(folder: Path, how: str, number: int) -> int:
    """Decode, and stop at a call; return 0 if there are not so many, else a code for how it ended."""
    count = 0
    data = file_with("a/w", "b/u", "v")

    def stop(event: str, _: object) -> None:
        nonlocal count
        if not event.startswith(_EVENTS):
            return
        count += 1
        if count != number:
            return
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "interrupt":
            raise KeyboardInterrupt
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    sys.addaudithook(stop)
    try:
        decode(data, folder / "model.onnx", replace_external=True)
    except OutputError:
        return 1
    except KeyboardInterrupt:
        return 2
    except OSError:
        return 3
    return 0 if count < number else 4


def main(folder: Path, how: str) -> None:
    prepare(folder)
    decode(file_with("a/w", "b/u", "v"), folder / "model.onnx", replace_external=True)  # imports all there is
    results = []
    for number in range(1, 10_000):
        prepare(folder)
        process = os.fork()
        if process == 0:
            os._exit(child(folder, how, number))
        _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            break
        after = state(folder)
        decode(file_with(), folder / "other.onnx")
        (folder / "other.onnx").unlink()
        results.append((code, after, state(folder)))
    print(json.dumps(results))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

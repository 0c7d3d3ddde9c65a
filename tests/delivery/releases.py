"""Releases made up for tests: only what a planner or a device's folder looks at."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from nntc.delivery.release import FileId, Output, Release


def file_id(text: str, length: int = 0) -> FileId:
    return FileId(hashlib.sha256(text.encode()).hexdigest(), length or len(text))


def release(
    version: str, size: int = 1000, *, base: str = "", channel: str = "stable", serial: int = 1
) -> Release:
    """Return a full file of a version, or an update of another one."""
    path = f"net/{channel}/{version}{f'-from-{base}' if base else ''}.nntc"
    bases = (decoded(base),) if base else ()
    output = Output("net.onnx", decoded(version))
    head = file_id(f"head {path}", 100)
    return Release(
        path, file_id(path, size), "net", version, channel, serial, bases, (output,), head, 1 << 20
    )


def decoded(version: str) -> FileId:
    """Return the model of a version."""
    return file_id(f"model {version}")


def external(release_: Release, name: str) -> Release:
    """Return a release that has external data too."""
    return replace(release_, decoded=(*release_.decoded, Output(name, file_id(f"{release_.version} {name}"))))

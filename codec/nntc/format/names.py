"""Names of output files: the only paths that a container may cause to be written.

Implements SPEC.md 6.3 and 10 (R-221, R-222, R-606).
"""

from __future__ import annotations

import re

MAX_NAME = 1024
MAX_COMPONENT = 255
MAX_COMPONENTS = 16
UNUSED_NAME = "\x7fmodel.onnx"
"""A name that no output file can have: for a model in a folder of its own, whatever stands beside it."""

_FORBIDDEN = frozenset(b"\\\x7f") | frozenset(range(0x20))
_NOT_ON_WINDOWS = frozenset(':*?"<>|')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\Z", re.IGNORECASE)


def is_file_name(name: bytes) -> bool:
    """Whether `name` is a relative path of components of 1..255 bytes that stays below where it starts."""
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    components = name.split(b"/")
    return (
        len(name) <= MAX_NAME
        and not _FORBIDDEN & set(name)
        and len(components) <= MAX_COMPONENTS
        and all(1 <= len(c) <= MAX_COMPONENT and c not in (b".", b"..") for c in components)
    )


def folders_of(name: str) -> list[str]:
    """Return the folders that a name goes through, outermost first: `a` and `a/b` of `a/b/c`."""
    return [name[:at] for at, character in enumerate(name) if character == "/"]


class Names:
    """Names that can stand beside each other: none is another one's, or a folder of another one's."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, name: str) -> bool:
        """Take a name in; return whether it can stand beside those before it."""
        folders = folders_of(name)
        is_taken = name in self._files or name in self._folders
        is_free = not is_taken and self._files.isdisjoint(folders)
        self._files.add(name)
        self._folders.update(folders)
        return is_free


def is_kept_by_windows(name: str) -> bool:
    """Whether Windows has files of just this name: no device, no stream, nothing cut off at the end."""
    return not _NOT_ON_WINDOWS & set(name) and not any(
        component[-1:] in (".", " ") or _DEVICE.match(component.split(".")[0].rstrip(" "))
        for component in name.split("/")
    )


def without_dots(location: str) -> str:
    """Return a location of external data without any `./` in front."""
    while location.startswith("./"):
        location = location[2:].lstrip("/")
    return location

"""Releases: what a target file of a repository is, as its signed metadata say.

Of a target file, `custom` in TUF's metadata holds an object `nntc`:

    {"name": "digits", "version": "1.4", "channel": "stable", "serial": 7,
     "base": [{"sha256": ..., "length": ...}, ...],
     "decoded": [{"name": "digits.onnx", "sha256": ..., "length": ...}, ...],
     "head": {"sha256": ..., "length": ...}, "memory": 268435456,
     "fresh": {"sha256": ..., "length": ...}}

`base` are decoded files that a decoder needs beside the target file, none for a full file. `decoded` are the
files that decoding gives, the model first. `head` are header and directory: whoever trusts the metadata can
check each section as it arrives. `memory` is what decoding needs, in bytes, and `serial` counts releases in
the order in which they were published. `fresh` is the file of the model encoded by itself, where an
update gives something else: by that a publisher knows what has been published already.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nntc.errors import DeliveryError
from nntc.format.names import is_file_name

KEY = "nntc"
"""Of the object in `custom`."""
DEFAULT_CHANNEL = "stable"
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST = (1 << 53) - 1
"""Largest integer that every reader of JSON has."""


@dataclass(frozen=True, slots=True, order=True)
class FileId:
    """What tells the bytes of a file from all others: SHA-256 in hexadecimal, and length in bytes."""

    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class Output:
    """A decoded file: its relative path on the device, and its bytes."""

    name: str
    id: FileId


@dataclass(frozen=True, slots=True)
class Release:
    """A target file, and what it is for.

    Parameters
    ----------
    path
        Of the target file in the repository.
    file
        Its bytes.
    name, version, channel
        Of the model: words of letters, digits and `._+-`.
    serial
        Number of the release, from 1: the highest of a channel is its newest.
    base
        Decoded files that are needed to decode it; none for a full file.
    decoded
        Files that it gives, the model first.
    head
        Header and directory of the target file.
    memory
        Bytes that decoding needs.
    fresh
        The model encoded by itself, where the version is something else: what an update gives.
    """

    path: str
    file: FileId
    name: str
    version: str
    channel: str
    serial: int
    base: tuple[FileId, ...]
    decoded: tuple[Output, ...]
    head: FileId
    memory: int
    fresh: FileId | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing else is needed to decode it."""
        return not self.base

    @property
    def decoded_size(self) -> int:
        """Bytes of all decoded files."""
        return sum(output.id.length for output in self.decoded)

    @property
    def identity(self) -> str:
        """Digest that tells what it decodes to from everything else, 64 hexadecimal digits."""
        return identity(self.decoded)

    def custom(self) -> dict[str, Any]:
        """Return it as `custom` has it."""
        decoded = [{"name": output.name, **asdict(output.id)} for output in self.decoded]
        words = {"name": self.name, "version": self.version, "channel": self.channel, "serial": self.serial}
        files = {"base": [asdict(file) for file in self.base], "decoded": decoded, "head": asdict(self.head)}
        fresh = {} if self.fresh is None else {"fresh": asdict(self.fresh)}
        return {KEY: {**words, **files, "memory": self.memory, **fresh}}


def identity(decoded: Iterable[Output]) -> str:
    """Return a digest of names and bytes of decoded files."""
    lines = "".join(f"{output.id.sha256} {output.id.length} {output.name}\n" for output in decoded)
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def is_word(value: object) -> bool:
    """Return whether a value may be a name, a version or a channel: also a part of file names and URLs."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def read_release(path: str, length: int, hashes: Any, custom: Any) -> Release | None:
    """Return the release that a target file is; None for one of another kind.

    Parameters
    ----------
    path, length, hashes, custom
        As signed metadata have them.

    Raises
    ------
    DeliveryError
        E_TRUST: they are signed, and yet make no sense.
    """
    if not isinstance(custom, dict) or KEY not in custom:
        return None
    try:
        fields = custom[KEY]
        release = Release(
            path,
            _file_id({"sha256": hashes.get("sha256"), "length": length}),
            _word(fields["name"]),
            _word(fields["version"]),
            _word(fields["channel"]),
            _number(fields["serial"], 1),
            tuple(_file_id(file) for file in fields["base"]),
            tuple(Output(_file_name(file["name"]), _file_id(file)) for file in fields["decoded"]),
            _file_id(fields["head"]),
            _number(fields["memory"]),
            _file_id(fields["fresh"]) if "fresh" in fields else None,
        )
        _check(release)
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise DeliveryError("E_TRUST", f"metadata of {path} make no sense: {e!r}") from e
    return release


def newest(releases: Sequence[Release], name: str, channel: str) -> Release:
    """Return a release with the highest serial of a channel; DeliveryError, E_RELEASE, if there is none."""
    named = [release for release in releases if release.name == name]
    found = [release for release in named if release.channel == channel]
    if found:
        return max(found, key=lambda release: (release.serial, release.is_full))
    if named:
        channels = ", ".join(sorted({release.channel for release in named}))
        raise DeliveryError("E_RELEASE", f"'{name}' has no channel '{channel}' but {channels}")
    names = ", ".join(sorted({release.name for release in releases})) or "nothing"
    raise DeliveryError("E_RELEASE", f"the repository has no '{name}' but {names}")


def _check(release: Release) -> None:
    if not release.decoded:
        raise ValueError("nothing is decoded")
    if "/" in release.decoded[0].name:
        raise ValueError("the model is in a folder")
    if len({output.name for output in release.decoded}) < len(release.decoded):
        raise ValueError("decoded files have one name")
    if release.head.length > release.file.length:
        raise ValueError("the head is longer than the file")


def _word(value: Any) -> str:
    if not is_word(value):
        raise ValueError(f"{value!r} is no name")
    return str(value)


def _number(value: Any, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise ValueError(f"{value!r} is no number")
    return value


def _file_id(value: Any) -> FileId:
    if not isinstance(value["sha256"], str) or not _SHA256.fullmatch(value["sha256"]):
        raise ValueError(f"{value['sha256']!r} is no SHA-256")
    return FileId(value["sha256"], _number(value["length"]))


def _file_name(value: Any) -> str:
    if not isinstance(value, str) or not is_file_name(value.encode("utf-8", "surrogateescape")):
        raise ValueError(f"{value!r} is no file name")
    return value

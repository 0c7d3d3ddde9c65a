"""The suite: manifest and vectors (conformance/README.md says what each member means)."""

from __future__ import annotations

import atexit
import hashlib
import json
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from nntc.decoder.folder import temporary_folder

Verdict = Literal["accepted", "rejected", "unsupported"]
CLASSES = ("valid", "malformed", "invalid", "limit", "unsupported", "missing")
PROFILES = ("device", "main", "full")
MANIFEST = "manifest.json"
PACKED = "suite.tar.xz"
"""The suite in an installed package; a checkout has it in a folder."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Error id and offset that a decoder must report."""

    id: str
    offset: int

    def __str__(self) -> str:
        return f"{self.id} @ {self.offset}"


NOT_SUPPORTED = Fault("E_UNSUPPORTED", 11)
"""What a decoder says of a file of a profile after its own [R-109]."""


@dataclass(frozen=True, slots=True)
class Output:
    """An output file; `name` is None for the model, `data` for all but small ones."""

    name: str | None
    size: int
    sha256: str
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What a decoder must do: a verdict with the fault that it reports, or the files that it writes."""

    verdict: Verdict
    fault: Fault | None = None
    output: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class CallerLimit:
    """Bytes of `memory` or `output` that the caller allows, and what must then happen."""

    kind: Literal["memory", "output"]
    bytes: int
    expected: Expected


@dataclass(frozen=True, slots=True)
class CallerKeys:
    """Public keys that a caller trusts, how many of them must have signed, and what must then happen."""

    keys: tuple[bytes, ...]
    threshold: int
    expected: Expected


@dataclass(frozen=True, slots=True)
class BaseFile:
    """A file that a decoder is given to decode an update."""

    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector as the manifest describes it."""

    id: str
    comment: str
    path: Path
    size: int
    sha256: str
    kind: str
    profile: str
    requirements: tuple[str, ...]
    expected: Expected
    max_memory: int | None
    max_seconds: int | None
    caller_limits: tuple[CallerLimit, ...]
    base: tuple[BaseFile, ...]
    without_base: Expected | None
    """What a decoder must do that is given no base; None where there is none to give."""
    caller_keys: tuple[CallerKeys, ...] = ()

    def fault_of_file(self) -> str | None:
        """Return what is wrong with the vector's own files, or None if they are what the manifest says."""
        own = BaseFile(self.path, self.size, self.sha256)
        return next((fault for file in (own, *self.base) if (fault := _fault_of(file)) is not None), None)

    def alone(self) -> Vector:
        """Return the vector as a decoder sees it that is given no base."""
        return self if self.without_base is None else replace(self, expected=self.without_base, base=())

    def for_profile(self, profile: str) -> Vector:
        """Return the vector as a decoder of `profile` and those below it sees it."""
        if PROFILES.index(self.profile) > PROFILES.index(profile):
            expected = Expected("unsupported", NOT_SUPPORTED)
            alone = self.without_base and expected
            return replace(self, expected=expected, without_base=alone, caller_limits=(), caller_keys=())
        return self


def _fault_of(file: BaseFile) -> str | None:
    try:
        data = file.path.read_bytes()
    except OSError as e:
        return f"{file.path}: {e.strerror}"
    if len(data) != file.size or hashlib.sha256(data).hexdigest() != file.sha256:
        return f"{file.path} is not the file of the manifest"
    return None


@dataclass(frozen=True, slots=True)
class Suite:
    """All vectors of a manifest."""

    folder: Path
    format: str
    vectors: tuple[Vector, ...]

    def select(self, classes: Iterable[str], patterns: Iterable[str]) -> list[Vector]:
        """Return the vectors of some classes (none named: all) whose id fits a pattern (likewise)."""
        wanted, globs = set(classes), list(patterns)
        return [
            vector
            for vector in self.vectors
            if (not wanted or vector.kind in wanted)
            and (not globs or any(fnmatchcase(vector.id, glob) for glob in globs))
        ]


class SuiteError(Exception):
    """There is no suite, or its manifest cannot be read."""


def find_suite() -> Path:
    """Return the suite of the checkout around this package, or unpack the one that was installed with it."""
    beside = Path(__file__).resolve().parents[3] / "conformance"
    if (beside / MANIFEST).is_file():
        return beside
    packed = Path(__file__).with_name(PACKED)
    if not packed.is_file():
        raise SuiteError("no vectors here: name their folder, the one with manifest.json, with --suite")
    kept = ExitStack()
    folder = kept.enter_context(temporary_folder())
    atexit.register(kept.close)
    unpack(packed, folder)
    return folder


def unpack(packed: Path, folder: Path) -> None:
    """Unpack a suite into a folder; SuiteError if that cannot be."""
    try:
        with tarfile.open(packed, "r:xz") as archive:
            for entry in archive:
                file = archive.extractfile(entry)
                if file is None:
                    continue
                path = folder / entry.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read())
    except (OSError, tarfile.TarError) as e:  # or a Python without lzma
        raise SuiteError(f"cannot unpack {packed}: {e}; name another suite with --suite") from e


def read_suite(folder: Path) -> Suite:
    """Read a manifest; SuiteError if that cannot be."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        vectors = tuple(_vector(folder, entry) for entry in manifest["vectors"])
        return Suite(folder, manifest["format"], vectors)
    except OSError as e:
        raise SuiteError(f"{path}: {e.strerror}") from e
    except (ValueError, KeyError, TypeError) as e:
        raise SuiteError(f"{path} is no manifest: {e!r}") from e


def _vector(folder: Path, entry: Mapping[str, Any]) -> Vector:
    expected = _expected(entry)
    return Vector(
        id=entry["id"],
        comment=entry["comment"],
        path=folder / entry["file"],
        size=entry["size"],
        sha256=entry["sha256"],
        kind=entry["class"],
        profile=entry["profile"],
        requirements=tuple(entry["requirements"]),
        expected=expected,
        max_memory=entry.get("max_memory"),
        max_seconds=entry.get("max_seconds"),
        caller_limits=tuple(_caller_limit(own, expected) for own in entry.get("caller_limits", ())),
        caller_keys=tuple(_caller_keys(own, expected) for own in entry.get("caller_keys", ())),
        base=tuple(BaseFile(folder / b["file"], b["size"], b["sha256"]) for b in entry.get("base", ())),
        without_base=_rejected(entry["without_base"]) if "without_base" in entry else None,
    )


def _expected(entry: Mapping[str, Any]) -> Expected:
    if entry["class"] == "valid":
        return Expected("accepted", output=tuple(map(_output, entry["output"])))
    return _rejected(entry["error"])


def _rejected(error: Mapping[str, Any]) -> Expected:
    fault = Fault(**error)
    return Expected("unsupported" if fault.id in ("E_VERSION", "E_UNSUPPORTED") else "rejected", fault)


def _output(entry: Mapping[str, Any]) -> Output:
    data = bytes.fromhex(entry["hex"]) if "hex" in entry else None
    return Output(entry["name"], entry["size"], entry["sha256"], data)


def _caller_limit(entry: Mapping[str, Any], otherwise: Expected) -> CallerLimit:
    kind: Literal["memory", "output"] = "memory" if "memory" in entry else "output"
    return CallerLimit(kind, entry[kind], _otherwise(entry, otherwise))


def _caller_keys(entry: Mapping[str, Any], otherwise: Expected) -> CallerKeys:
    keys = tuple(map(bytes.fromhex, entry["keys"]))
    return CallerKeys(keys, entry["threshold"], _otherwise(entry, otherwise))


def _otherwise(entry: Mapping[str, Any], otherwise: Expected) -> Expected:
    return Expected("rejected", Fault(**entry["error"])) if "error" in entry else otherwise

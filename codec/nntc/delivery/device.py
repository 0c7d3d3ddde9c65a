"""Versions of a model on a device, and which of them is in use.

    DIR/current                     two lines: path of the model in use, and of the one before it
    DIR/versions/1.4-8d4fc13c6ff7/  files of a version, the model among them
    DIR/versions/1.4-8d4fc13c6ff7.json   what they are
    DIR/.nntc/                      trusted metadata, unfinished downloads, what is being decoded

A version has its name only when all its files are whole and forced to storage; `current` is replaced by one
rename. So whoever reads the first line of `current`, and then the files of that folder, sees one version, the
old or the new, at every moment.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nntc.decoder.locks import lock_folder
from nntc.decoder.places import reporting
from nntc.decoder.staging import sync_folder
from nntc.delivery.durable import file_id, remove_temporary, write_durably
from nntc.delivery.release import FileId, Output, Release, identity
from nntc.delivery.undoing import Undo
from nntc.errors import DeliveryError, OutputError, reason

_TAG = 12
"""Digits of a version's identity in the name of its folder."""


@dataclass(frozen=True, slots=True)
class Installed:
    """A version on a device.

    Parameters
    ----------
    model
        Path of the model.
    name, version, channel, serial
        As in `Release`.
    decoded
        Its files.
    """

    model: Path
    name: str
    version: str
    channel: str
    serial: int
    decoded: tuple[Output, ...]

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.model.parent

    @property
    def files(self) -> list[Path]:
        """Paths of its files, the model first."""
        return [self.folder / output.name for output in self.decoded]


class Device:
    """A folder of versions.

    Parameters
    ----------
    folder
        The folder; `claim` makes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.versions = folder / "versions"
        self.private = folder / ".nntc"
        self.metadata, self.parts, self.work = (self.private / name for name in ("metadata", "parts", "work"))
        self._pointer, self._refused = folder / "current", self.private / "refused.json"

    @contextlib.contextmanager
    def claim(self) -> Iterator[None]:
        """Make the folders, keep others out, and remove what a killed run was decoding.

        Raises
        ------
        OutputError
            E_OUTPUT_BUSY: another run is at work here. E_OUTPUT: it cannot be written here.
        """
        undo = Undo()
        try:
            with reporting(self.folder):
                for folder in (self.versions, self.metadata, self.parts):
                    undo.make_folder(folder)
            try:
                lock = lock_folder(self.private)
            except BlockingIOError as e:
                raise OutputError("E_OUTPUT_BUSY", f"another run is at work in {self.folder}") from e
            except OSError as e:
                raise OutputError("E_OUTPUT", f"cannot write {self.folder}: {reason(e)}") from e
            with lock, reporting(self.folder):
                for folder in (self.folder, self.versions, self.private, self.parts):
                    remove_temporary(folder)
                self.clear_work()
                try:
                    yield
                except BaseException:
                    shutil.rmtree(self.work, ignore_errors=True)
                    raise
        except BaseException:
            undo.run()  # but what the next run goes on with
            raise

    def clear_work(self) -> None:
        """Empty the folder that versions are decoded in."""
        if self.work.exists():
            shutil.rmtree(self.work)
        self.work.mkdir()

    def pointed(self) -> list[Installed]:
        """Return the version in use and the one before it, as far as they are there."""
        try:
            lines = self._pointer.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines[:2]:
            installed = self._read(self.folder / line)
            if installed is None:
                raise OutputError("E_OUTPUT", f"{self._pointer} leads to nothing: {line}")
            found.append(installed)
        return found

    def held(self) -> list[Installed]:
        """Return all versions that are there, whether they are in use or not."""
        records = sorted(self.versions.glob("*.json"))
        return [found for record in records if (found := self._read(record.with_suffix("") / "model"))]

    def find(self, release: Release) -> Installed | None:
        """Return a version that is there already, its files compared with their digests; None without it."""
        for installed in self.held():
            if installed.decoded == release.decoded and is_whole(installed):
                return installed
        return None

    def place(self, release: Release) -> Installed:
        """Return where a version is to be."""
        folder = self.versions / f"{release.version}-{release.identity[:_TAG]}"
        model = folder / release.decoded[0].name
        return Installed(
            model, release.name, release.version, release.channel, release.serial, release.decoded
        )

    def put(self, decoded: Path, release: Release) -> Installed:
        """Give a folder of decoded files, all forced to storage, its place among the versions."""
        installed = self.place(release)
        if installed.folder.exists():  # of a run that was killed, and found to be damaged
            shutil.rmtree(installed.folder)
        self.note(installed)
        decoded.replace(installed.folder)
        sync_folder(self.versions)
        return installed

    def note(self, installed: Installed) -> None:
        """Write down what a version is."""
        decoded = [[o.name, o.id.sha256, o.id.length] for o in installed.decoded]
        record = {key: getattr(installed, key) for key in ("name", "version", "channel", "serial")}
        path = installed.folder.with_name(f"{installed.folder.name}.json")
        write_durably(path, json.dumps({**record, "decoded": decoded}, indent=1).encode())

    def use(self, installed: Installed, before: Installed | None) -> None:
        """Point to a version, and to the one that was used before it."""
        models = [version.model for version in (installed, before) if version is not None]
        lines = [model.relative_to(self.folder).as_posix() for model in models]
        write_durably(self._pointer, "".join(f"{line}\n" for line in lines).encode())

    def tidy(self) -> None:
        """Remove all versions but that in use and the one before it."""
        kept = {installed.folder.name for installed in self.pointed()}
        for path in sorted(self.versions.iterdir(), reverse=True):  # a folder before its record, X.json
            if path.name.removesuffix(".json") not in kept and path.name not in kept:
                self.remove(path)
        self.clear_work()

    def remove(self, path: Path) -> None:
        """Remove a version's folder, or a file."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def refused(self) -> list[str]:
        """Return identities of releases that were refused here."""
        try:
            found = json.loads(self._refused.read_text("utf-8"))
        except FileNotFoundError:
            return []
        return [str(value) for value in found]

    def refuse(self, refused: str, *, again: bool = False) -> None:
        """Note that a release was refused, or with `again` that it is not any more."""
        before = self.refused()
        others = [known for known in before if known != refused]
        now = others if again else [*others, refused]
        if now != before:
            write_durably(self._refused, json.dumps(now).encode())

    def _read(self, model: Path) -> Installed | None:
        """Return the version in a model's folder; None if it is not whole."""
        try:
            text = model.parent.with_name(f"{model.parent.name}.json").read_text("utf-8")
            record: dict[str, Any] = json.loads(text)
            decoded = tuple(Output(name, FileId(sha, length)) for name, sha, length in record.pop("decoded"))
            found = Installed(model.parent / decoded[0].name, decoded=decoded, **record)
        except (FileNotFoundError, ValueError, KeyError, TypeError, IndexError):
            return None
        return found if found.folder.is_dir() else None


def is_whole(installed: Installed) -> bool:
    """Return whether the files of a version are what they were."""
    with contextlib.suppress(OSError):
        return all(
            file_id(path) == output.id
            for path, output in zip(installed.files, installed.decoded, strict=True)
        )
    return False


def current(into: str | os.PathLike[str]) -> Installed | None:
    """Return the version of a device that is in use, None if there is none.

    Parameters
    ----------
    into
        Folder that `pull` has pulled into.

    Raises
    ------
    OutputError
        E_OUTPUT: it is not what `pull` makes.
    """
    return next(iter(Device(Path(into)).pointed()), None)


def rollback(into: str | os.PathLike[str]) -> Installed:
    """Go back to the version before; the one in use is refused from now on, until there is a newer one.

    Parameters
    ----------
    into
        Folder that `pull` has pulled into.

    Returns
    -------
    The version that is in use now.

    Raises
    ------
    DeliveryError
        E_RELEASE: there is no version before.
    OutputError
        E_OUTPUT_BUSY: another run is at work there. E_OUTPUT: it cannot be written.
    """
    device = Device(Path(into))
    if not device.pointed():  # nothing is made in a folder that is no device's
        raise DeliveryError("E_RELEASE", f"{into} has no version before")
    with device.claim():
        versions = device.pointed()
        if len(versions) < 2:
            raise DeliveryError("E_RELEASE", f"{into} has no version before")
        now, before = versions
        if not is_whole(before):
            raise DeliveryError("E_RELEASE", f"the version before, {before.version}, is damaged")
        device.refuse(identity(now.decoded))
        device.use(before, None)
        device.tidy()
        return before

"""A TUF repository in a folder, as its publisher changes it: read, verified, signed, put into place.

    REPOSITORY/metadata/1.root.json 7.targets.json 9.snapshot.json timestamp.json
    REPOSITORY/targets/digits/<sha256>.1.4.nntc

A numbered file is written once and never changed. What is new gets its place in the order in which it is
referred to, timestamp.json last: a client sees the state of before until then, and what was killed before
that is done again with higher numbers. Nothing is signed on top of what does not verify against the root that
the publisher's keys know.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from nntc.decoder.locks import only_one_in
from nntc.decoder.places import reporting
from nntc.decoder.staging import PREFIX
from nntc.delivery.durable import remove_temporary, write_durably
from nntc.delivery.keys import ROLES, Keys
from nntc.delivery.metadata import DAYS, described, fresh, is_late, numbers, renew, sign
from nntc.delivery.release import Release, read_release
from nntc.delivery.root import first_root, newest_root, trusting
from nntc.delivery.trust import METADATA, TARGETS, target_name
from nntc.errors import DeliveryError

_SERIAL = "x-nntc-serial"
"""Field of targets that has the highest number of a release that there was."""
_TIMESTAMP = "timestamp.json"


class Repository:
    """A repository of releases.

    Parameters
    ----------
    folder
        Of the repository.
    keys
        Of its publisher.
    """

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.folder, self.keys = folder, keys
        self.metadata, self.files = folder / METADATA, folder / TARGETS
        self.undo = keys.undo
        """What this run has made, which is taken away if it fails."""
        self._signed: bytes | None = None
        self._root: Metadata[Root]
        self._targets: Metadata[Targets]
        self._snapshot: Metadata[Snapshot]
        self._timestamp: Metadata[Timestamp]

    @contextlib.contextmanager
    def claim(self, *, create: bool = False) -> Iterator[None]:
        """Keep other publishers out, and read what is there.

        Parameters
        ----------
        create
            Begin a repository where there is none.

        Raises
        ------
        DeliveryError
            E_TRUST: what is there was not signed by these keys. E_KEYS: keys are missing. E_RELEASE: there is
            no repository.
        OutputError
            E_OUTPUT: the folder cannot be written.
        """
        with reporting(self.folder), contextlib.ExitStack() as stack:
            try:
                self._lock(stack, create=create)
                for folder in (self.metadata, self.keys.folder):
                    remove_temporary(folder)
                self._begin(create=create)
                self._read()
                yield
            except BaseException:
                if not self._is_put():
                    self.undo.run()
                raise
            finally:
                self.undo.keep()

    @property
    def releases(self) -> list[Release]:
        """What the repository has."""
        files = self._targets.signed.targets.items()
        found = (read_release(path, file.length, file.hashes, file.custom) for path, file in files)
        return [release for release in found if release is not None]

    @property
    def next_serial(self) -> int:
        """Number of the next release; none is used twice."""
        return int(self._targets.signed.unrecognized_fields.get(_SERIAL, 0)) + 1

    def add(self, release: Release) -> None:
        """Add a target file, which has its place already."""
        hashes = {"sha256": release.file.sha256}
        file = TargetFile(release.file.length, hashes, release.path, {"custom": release.custom()})
        targets = self._targets.signed
        targets.targets[release.path] = file
        targets.unrecognized_fields[_SERIAL] = max(self.next_serial - 1, release.serial)

    def remove(self, release: Release) -> None:
        """Leave a target file out."""
        del self._targets.signed.targets[release.path]

    def put(self, days: Mapping[str, int], *, with_targets: bool, new_key: str | None = None) -> None:
        """Sign the state and put it into place.

        Parameters
        ----------
        days
            Role -> days for which its metadata are valid from now on; of others, as before.
        with_targets
            Whether targets have changed; if not, they are signed where less than half of their days are left.
        new_key
            Role that gets another key.

        Raises
        ------
        DeliveryError
            E_KEYS: the key of a role that has to be signed is not here.
        """
        before = {target_name(release) for release in self._published}
        signers = {role: [self.keys.signer(role)] for role in ROLES if self.keys.has(role)}
        root = self._next_root(signers, days, new_key)
        if "targets" in signers or with_targets:
            targets = self._targets
            if with_targets or is_late(targets.signed) or "targets" in days or new_key == "targets":
                meta = self._put(targets, Targets.type, signers, days)
                self._snapshot.signed.meta[f"{Targets.type}.json"] = meta
        self._timestamp.signed.snapshot_meta = self._put(self._snapshot, Snapshot.type, signers, days)
        self._timestamp.signed.version += 1
        renew(self._timestamp.signed, days.get(Timestamp.type))
        self._signed = sign(self._timestamp, self._of(signers, Timestamp.type))
        write_durably(self.metadata / _TIMESTAMP, self._signed)
        if root is not None:
            self._put_root(root, new_key)
        self._prune(before)

    def _lock(self, stack: contextlib.ExitStack, *, create: bool) -> None:
        while True:
            if create:
                self.undo.make_folder(self.metadata)
                self.undo.make_folder(self.files)
            elif not self.metadata.is_dir():
                raise DeliveryError("E_RELEASE", f"there is no repository in {self.folder}")
            with contextlib.suppress(FileNotFoundError):  # a first publication that failed took it away
                stack.enter_context(only_one_in(self.metadata))
                return

    def _is_put(self) -> bool:
        """Return whether the state that was signed is what clients see, or may be."""
        try:
            return self._signed is not None and (self.metadata / _TIMESTAMP).read_bytes() == self._signed
        except FileNotFoundError:
            return False
        except OSError:
            return True

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file that is there once and never changed."""
        self.undo.will_make(path)
        write_durably(path, data)

    def _begin(self, *, create: bool) -> None:
        """Finish what was killed, and begin a repository where there is none."""
        if not numbers(self.metadata, Root.type):
            if not create:
                raise DeliveryError("E_RELEASE", f"there is no repository in {self.folder}")
            data = first_root(self.keys)
            self._write(self.metadata / f"1.{Root.type}.json", data)
        self._root = newest_root(self.metadata, self.keys)
        self.keys.settle(self._root.signed)
        if (self.metadata / _TIMESTAMP).exists():
            return
        signers = {role: [self.keys.signer(role)] for role in ROLES if role != Root.type}
        snapshot, timestamp = fresh(Snapshot, DAYS[Snapshot.type]), fresh(Timestamp, DAYS[Timestamp.type])
        meta = self._put(fresh(Targets, DAYS[Targets.type]), Targets.type, signers, {})
        snapshot.signed.meta[f"{Targets.type}.json"] = meta
        timestamp.signed.snapshot_meta = self._put(snapshot, Snapshot.type, signers, {})
        self._write(self.metadata / _TIMESTAMP, sign(timestamp, signers[Timestamp.type]))

    def _read(self) -> None:
        """Read the state that timestamp.json refers to."""
        with trusting(self.metadata, self.keys):
            self._timestamp = self._load(Timestamp.type, None)
            meta = self._timestamp.signed.snapshot_meta
            self._snapshot = self._load(Snapshot.type, meta)
            meta = self._snapshot.signed.meta[f"{Targets.type}.json"]
            self._targets = self._load(Targets.type, meta)
            self._published = self.releases
            versions = (self._snapshot.signed.version, self._targets.signed.version)
            self._versions_before = dict(zip((Snapshot.type, Targets.type), versions, strict=True))

    def _load(self, role: str, meta: MetaFile | None) -> Metadata[Any]:
        data = (self.metadata / (_TIMESTAMP if meta is None else f"{meta.version}.{role}.json")).read_bytes()
        if meta is not None:
            meta.verify_length_and_hashes(data)
        found: Metadata[Any] = Metadata.from_bytes(data)
        self._root.signed.verify_delegate(role, found.signed_bytes, found.signatures)
        return found

    def _next_root(
        self, signers: dict[str, list[Any]], days: Mapping[str, int], new_key: str | None
    ) -> bytes | None:
        """Return new root metadata, where they are needed; the new key's signer is put beside the old one."""
        root = self._root
        is_due = is_late(root.signed) and self.keys.has(Root.type)
        if not is_due and new_key is None and Root.type not in days:
            return None
        by = list(self._of(signers, Root.type))
        if new_key is not None:
            signer = self.keys.create(new_key, beside=True)
            for known in list(root.signed.roles[new_key].keyids):
                root.signed.revoke_key(known, new_key)
            root.signed.add_key(signer.public_key, new_key)
            signers.setdefault(new_key, []).append(signer)
            by = by if new_key != Root.type else signers[Root.type]
        root.signed.version += 1
        renew(root.signed, days.get(Root.type))
        return sign(root, by)

    def _put_root(self, data: bytes, new_key: str | None) -> None:
        """Put new root metadata into place: what they refer to is valid under the old ones too."""
        path = self.metadata / f"{self._root.signed.version}.{Root.type}.json"
        try:
            write_durably(path, data)
        except BaseException:
            if new_key is not None and not path.exists():
                self.keys.drop_new(new_key)
            raise
        if new_key is not None:
            self.keys.settle(self._root.signed)
        write_durably(self.keys.root_path, data)

    def _put(
        self, metadata: Metadata[Any], role: str, signers: Mapping[str, list[Any]], days: Mapping[str, int]
    ) -> MetaFile:
        """Sign metadata and put them into place under a new number; return what others say of them."""
        by = self._of(signers, role)
        used = numbers(self.metadata, role)
        metadata.signed.version = max([metadata.signed.version, *used]) + 1 if used else 1
        renew(metadata.signed, days.get(role))
        data = sign(metadata, by)
        self._write(self.metadata / f"{metadata.signed.version}.{role}.json", data)
        return described(metadata.signed.version, data)

    def _of(self, signers: Mapping[str, list[Any]], role: str) -> list[Signer]:
        """Return what signs for a role; DeliveryError, E_KEYS, if nothing does."""
        return signers[role] if role in signers else [self.keys.signer(role)]

    def _prune(self, before: set[str]) -> None:
        """Remove files that neither the state nor the one before refers to, which clients may follow."""
        wanted = before | {target_name(release) for release in self.releases}
        for path in self.files.rglob("*"):
            name = path.relative_to(self.files).as_posix()
            is_at_work = name.startswith(PREFIX) or f"/{PREFIX}" in name  # of another publisher
            if path.is_file() and name not in wanted and not is_at_work:
                path.unlink()
        for role, kept in self._versions_before.items():
            now = self._snapshot if role == Snapshot.type else self._targets
            for number in set(numbers(self.metadata, role)) - {kept, now.signed.version}:
                (self.metadata / f"{number}.{role}.json").unlink()

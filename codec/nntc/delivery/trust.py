"""Trust of a device in a repository: metadata that python-tuf's client has found to be true and fresh.

Signatures, expiry, versions that only grow and files that fit together are that client's work. Beside it
stands which root of trust it begins with, and that what it has seen survives a loss of power.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tuf.api import exceptions as tuf
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from nntc.decoder.staging import sync_folder
from nntc.delivery.device import Device
from nntc.delivery.durable import sync_file, write_durably
from nntc.delivery.fetcher import MetadataFetcher
from nntc.delivery.release import Release, read_release
from nntc.delivery.web import Web
from nntc.errors import DeliveryError, SourceError

METADATA, TARGETS = "metadata", "targets"
"""Folders of a repository."""
_ROLES = (Timestamp.type, Snapshot.type, Targets.type)


class Trust:
    """Trusted metadata of a repository.

    Parameters
    ----------
    url
        Of the repository.
    device
        Which has its own copy of them.
    web
        Client.
    root
        Root metadata to begin with; None for those of the last time, and at the first time those that the
        server has: trust on first use.
    """

    def __init__(self, url: str, device: Device, web: Web, root: bytes | None = None) -> None:
        self.url = url if url.endswith("/") else f"{url}/"
        self._device, self._fetcher = device, MetadataFetcher(web)
        self._own, self._seen = device.private / "root.json", device.private / "seen.json"
        self._root = root
        self.first_use: str | None = None
        """SHA-256 of root metadata that were trusted without being known; None where they were known."""

    def releases(self) -> list[Release]:
        """Fetch what is new of the metadata, and return what the repository has.

        Raises
        ------
        DeliveryError
            E_TRUST: they are not what the publisher has signed, or not any more.
        SourceError
            E_SOURCE: they cannot be had.
        """
        config = UpdaterConfig()
        try:
            root = self._bootstrap(config.root_max_length)
            url, folder = f"{self.url}{METADATA}/", str(self._device.metadata)
            updater = Updater(folder, url, fetcher=self._fetcher, config=config, bootstrap=root)
            try:
                updater.refresh()
            finally:
                self._force_to_storage()
            self._check_seen()
            write_durably(self._own, root)
            return self._read()
        except tuf.DownloadLengthMismatchError as e:
            raise DeliveryError("E_TRUST", f"{e}") from e
        except tuf.DownloadError as e:
            raise SourceError("E_SOURCE", str(e)) from e
        except tuf.ExpiredMetadataError as e:
            message = f"metadata have expired: {e} (or the clock here is wrong)"
            raise DeliveryError("E_TRUST", message) from e
        except (tuf.RepositoryError, ValueError, KeyError, TypeError) as e:
            raise DeliveryError("E_TRUST", f"{e}" or type(e).__name__) from e

    def _bootstrap(self, most: int) -> bytes:
        """Return the root metadata to begin with."""
        if self._root is not None:
            return self._root
        with contextlib.suppress(FileNotFoundError):
            return self._own.read_bytes()
        found = self._fetcher.download_bytes(f"{self.url}{METADATA}/1.{Root.type}.json", most)
        self.first_use = hashlib.sha256(found).hexdigest()
        return found

    def _force_to_storage(self) -> None:
        """Have what was seen survive: python-tuf renames files, and does not force them to storage."""
        for folder in (self._device.metadata / "root_history", self._device.metadata):
            for path in folder.glob("*.json"):
                with contextlib.suppress(FileNotFoundError):
                    sync_file(path)
            sync_folder(folder)

    def _check_seen(self) -> None:
        """Compare versions with those seen before: a copy that was lost or damaged is no way back."""
        now = {role: self._metadata(role).signed.version for role in _ROLES}
        now[Root.type] = self._metadata(Root.type).signed.version
        before: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError):
            before = json.loads(self._seen.read_text("utf-8"))
        if before.get(Root.type) == now[Root.type]:  # else versions begin anew
            for role in _ROLES:
                if now[role] < before.get(role, 0):
                    raise DeliveryError("E_TRUST", f"{role} metadata are older than those seen before")
        if now != before:
            write_durably(self._seen, json.dumps(now).encode())

    def _read(self) -> list[Release]:
        signed: Targets = self._metadata(Targets.type).signed
        files = signed.targets.items()
        found = (read_release(path, file.length, file.hashes, file.custom) for path, file in files)
        return [release for release in found if release is not None]

    def _metadata(self, role: str) -> Metadata[Any]:
        """Return metadata that `refresh` has found to be true, and kept."""
        return Metadata.from_bytes(Path(self._device.metadata, f"{role}.json").read_bytes())


def target_name(release: Release) -> str:
    """Return the name of a target file: it begins with its SHA-256, so that it never changes."""
    folder, slash, name = release.path.rpartition("/")
    return f"{folder}{slash}{release.file.sha256}.{name}"


def target_url(url: str, release: Release) -> str:
    """Return where a target file is."""
    return f"{url}{TARGETS}/{quote(target_name(release))}"

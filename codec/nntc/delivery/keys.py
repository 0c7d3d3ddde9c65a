"""Keys of a publisher: a folder, outside of the repository, with a private key for each role of TUF.

    KEYS/root.pem  targets.pem  snapshot.pem  timestamp.pem     Ed25519, PKCS #8
    KEYS/root.json                                              root metadata, to be handed over to devices

A role is signed by whoever has its key: a machine that only renews `timestamp` and `snapshot` has only these,
and root.pem is best kept where no network reaches it. The environment's NNTC_KEYS_PASSPHRASE encrypts keys
that are made, and opens those that are encrypted.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root

from nntc.decoder.places import reporting
from nntc.delivery.durable import write_durably
from nntc.delivery.undoing import Undo
from nntc.errors import DeliveryError, reason

ROLES = ("root", "targets", "snapshot", "timestamp")
PASSPHRASE = "NNTC_KEYS_PASSPHRASE"  # noqa: S105 - the name of a variable


class Keys:
    """A folder of keys.

    Parameters
    ----------
    folder
        The folder, which need not be there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root_path = folder / "root.json"
        self.undo = Undo()
        """What this run has made, which is taken away if it fails."""

    def path(self, role: str) -> Path:
        """Return where the key of a role is."""
        return self.folder / f"{role}.pem"

    def has(self, role: str) -> bool:
        """Return whether the key of a role is here."""
        return self.path(role).is_file()

    def create(self, role: str, *, beside: bool = False) -> CryptoSigner:
        """Make a key for a role where there is none, or `beside` one that is here, until `settle`.

        Raises
        ------
        OutputError
            E_OUTPUT: it cannot be written.
        """
        key = Ed25519PrivateKey.generate()
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _encryption())
        with reporting(self.folder):
            self.undo.make_folder(self.folder, 0o700)
            path = self._new(role) if beside else self.path(role)
            self.undo.will_make(path)
            write_durably(path, data, 0o600)
        return CryptoSigner(key)

    def settle(self, root: Root) -> None:
        """Have new keys take the place of old ones if root metadata know them; others are of no use."""
        for role in ROLES:
            new = self._new(role)
            if not new.exists():
                continue
            if self._load(new, role).public_key.keyid in root.roles[role].keyids:
                new.replace(self.path(role))
            else:
                new.unlink()

    def drop_new(self, role: str) -> None:
        """Remove a key that was made beside another, if that can be."""
        with contextlib.suppress(OSError):
            self._new(role).unlink()

    def known_root(self) -> bytes:
        """Return the root metadata that the publisher knows; DeliveryError, E_KEYS, without them."""
        try:
            return self.root_path.read_bytes()
        except OSError as e:
            raise DeliveryError("E_KEYS", f"cannot read {self.root_path}: {reason(e)}") from e

    def signer(self, role: str) -> CryptoSigner:
        """Return what signs for a role.

        Raises
        ------
        DeliveryError
            E_KEYS: its key is not here, or is none.
        """
        return self._load(self.path(role), role)

    def _new(self, role: str) -> Path:
        return self.folder / f"{role}.pem.new"

    @staticmethod
    def _load(path: Path, role: str) -> CryptoSigner:
        passphrase = os.environ.get(PASSPHRASE)
        try:
            key = load_pem_private_key(path.read_bytes(), passphrase.encode() if passphrase else None)
        except FileNotFoundError as e:
            raise DeliveryError("E_KEYS", f"there is no key for {role}: {path}") from e
        except OSError as e:
            raise DeliveryError("E_KEYS", f"cannot read {path}: {reason(e)}") from e
        except TypeError as e:  # encrypted, and no passphrase, or the other way round
            raise DeliveryError("E_KEYS", f"{path}: {e} ({PASSPHRASE})") from e
        except ValueError as e:
            raise DeliveryError("E_KEYS", f"{path} is no key, or the passphrase is another") from e
        if not isinstance(key, Ed25519PrivateKey):
            raise DeliveryError("E_KEYS", f"{path} is no Ed25519 key")
        return CryptoSigner(key)


def _encryption() -> KeySerializationEncryption:
    passphrase = os.environ.get(PASSPHRASE)
    return BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()

"""Private keys: made, kept in files as openssl keeps them, and read again."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Protocol

from nntc.decoder.staging import sync_folder
from nntc.errors import KeyFileError, OutputError, reason
from nntc.signing.library import library
from nntc.signing.public import MOST, PublicKey


class PrivateKey(Protocol):
    """What signs: an `Ed25519PrivateKey` of `cryptography`, or anything like it, such as a token's key."""

    def sign(self, data: bytes, /) -> bytes:
        """Return the signature of a message, 64 bytes."""

    def public_key(self) -> Any:
        """Return the public key: what `PublicKey.of` takes."""


PrivateKeyLike = str | os.PathLike[str] | bytes | PrivateKey
"""A PEM file, its content, or what signs."""


def private_key(key: PrivateKeyLike, passphrase: bytes | None = None) -> PrivateKey:
    """Return what signs.

    Parameters
    ----------
    key
        PEM file (PKCS 8), its content, or what signs already.
    passphrase
        With which the file is encrypted, if it is.

    Raises
    ------
    KeyFileError
        E_KEY: it is no private key of Ed25519, or the passphrase is missing or wrong.
    OSError
        The file cannot be read.
    ImportError
        The extra `sign` is not installed.
    """
    if not isinstance(key, str | os.PathLike | bytes):
        return key
    used = library()
    name = "the key"
    if not isinstance(key, bytes):
        name = str(key)
        with Path(key).open("rb") as file:
            key = file.read(MOST)
    if b"PRIVATE KEY" not in key and b"PUBLIC KEY" in key:
        raise KeyFileError(f"{name} is a public key; the private one signs")
    try:
        found = used.serialization.load_pem_private_key(key, passphrase)
    except TypeError as e:  # what the library says where only one of both has a passphrase
        missing = passphrase is None
        raise KeyFileError(
            f"{name} is {'encrypted: a passphrase is needed' if missing else 'not encrypted'}"
        ) from e
    except (ValueError, used.UnsupportedAlgorithm) as e:
        why = (
            "no private key in PEM"
            if passphrase is None
            else "no private key in PEM, or has another passphrase"
        )
        raise KeyFileError(f"{name} is {why}") from e
    if not isinstance(found, used.ed25519.Ed25519PrivateKey):
        raise KeyFileError(f"{name} is no key of Ed25519")
    own: PrivateKey = found
    return own


def make_key_files(path: str | os.PathLike[str], passphrase: bytes | None = None) -> PublicKey:
    """Make a key: the private one in a file that only its owner can read, the public one beside it.

    Parameters
    ----------
    path
        Of the private key, PKCS 8 in PEM; the public one, SubjectPublicKeyInfo in PEM, has `.pub` after it.
    passphrase
        With which the private key is encrypted; None for not at all.

    Raises
    ------
    OutputError
        E_OUTPUT_EXISTS: one of the files is there already. E_OUTPUT: they cannot be written.
    ImportError
        The extra `sign` is not installed.
    """
    used = library()
    to = used.serialization
    key = used.ed25519.Ed25519PrivateKey.generate()
    how = to.NoEncryption() if passphrase is None else to.BestAvailableEncryption(passphrase)
    private = key.private_bytes(to.Encoding.PEM, to.PrivateFormat.PKCS8, how)
    public = key.public_key().public_bytes(to.Encoding.PEM, to.PublicFormat.SubjectPublicKeyInfo)
    secret, shown = Path(path), Path(f"{os.fspath(path)}.pub")
    for path in (shown, secret):
        if os.path.lexists(path):
            raise _exists(path)
    made: list[tuple[Path, bytes]] = []
    try:
        _write_new(shown, public, 0o644, made)
        _write_new(secret, private, 0o600, made)
        sync_folder(secret.parent)
        return PublicKey.of(key.public_key())
    except BaseException:
        for path, data in made:
            _remove_own(path, data)
        raise


def _write_new(path: Path, data: bytes, mode: int, made: list[tuple[Path, bytes]]) -> None:
    """Write a file that must not be there yet, with these rights from its first moment; `made` notes it."""
    made.append((path, data))  # before there is a file: what interrupts may come right after
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as e:
        made.pop()  # somebody else's
        raise _exists(path) from e
    except OSError as e:
        raise OutputError("E_OUTPUT", f"cannot write {path}: {reason(e)}") from e


def _remove_own(path: Path, data: bytes) -> None:
    """Remove a file that has the beginning of these bytes."""
    with contextlib.suppress(OSError):
        if data.startswith(path.read_bytes()):
            path.unlink()


def _exists(path: Path) -> OutputError:
    return OutputError("E_OUTPUT_EXISTS", f"{path} exists; keys are never replaced")

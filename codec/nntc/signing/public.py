"""Public keys, and which of them a file must be signed by.

Implements SPEC.md 6.8 (R-281).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nntc.errors import KeyFileError
from nntc.format.signature import KEY_SIZE, is_usable_key, key_id
from nntc.signing.library import library

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MOST = 1 << 16
"""Bytes of a file that can be a key."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of Ed25519.

    Parameters
    ----------
    data
        Its 32 bytes, as RFC 8032 writes them.

    Raises
    ------
    KeyFileError
        E_KEY: they are no key, or one for which anybody could make signatures.
    """

    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) != KEY_SIZE:
            raise KeyFileError(f"a public key of Ed25519 has {KEY_SIZE} bytes, not {len(self.data)}")
        if not is_usable_key(self.data):
            raise KeyFileError("no public key to trust: it is not canonical, or of small order")

    @classmethod
    def of(cls, key: KeyLike) -> PublicKey:
        """Return a key given as a PEM file or its content, as 32 bytes, or as an object of `cryptography`.

        Raises
        ------
        KeyFileError
            E_KEY: it is no public key of Ed25519.
        OSError
            The file cannot be read.
        ImportError
            The extra `sign` is not installed.
        """
        if isinstance(key, PublicKey):
            return key
        if isinstance(key, bytes):
            return cls(_from_pem(key, "the key") if len(key) != KEY_SIZE else key)
        if isinstance(key, str | os.PathLike):
            with Path(key).open("rb") as file:
                return cls(_from_pem(file.read(MOST), str(key)))
        return cls(key.public_bytes_raw())

    @property
    def id(self) -> str:
        """Its id in files, 16 hexadecimal digits."""
        return key_id(self.data).hex()

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether a signature of 64 bytes is this key's for a message."""
        used = library()
        try:
            used.ed25519.Ed25519PublicKey.from_public_bytes(self.data).verify(signature, message)
        except (used.InvalidSignature, ValueError):
            return False
        return True


if TYPE_CHECKING:
    KeyLike = str | os.PathLike[str] | bytes | PublicKey | Ed25519PublicKey
else:
    KeyLike = object


def _from_pem(data: bytes, name: str) -> bytes:
    used = library()
    if b"PRIVATE KEY" in data:
        raise KeyFileError(f"{name} is a private key; give the public one, which may be known")
    try:
        key = used.serialization.load_pem_public_key(data)
    except (ValueError, used.UnsupportedAlgorithm) as e:
        raise KeyFileError(f"{name} is no public key in PEM") from e
    if not isinstance(key, used.ed25519.Ed25519PublicKey):
        raise KeyFileError(f"{name} is no key of Ed25519")
    raw: bytes = key.public_bytes_raw()
    return raw


class TrustedKeys:
    """Public keys, and how many of them must have signed a file.

    Parameters
    ----------
    keys
        One or more: PEM files, their content, 32 bytes, or objects of `cryptography`. One given twice
        counts once.
    threshold
        How many different ones are needed.

    Raises
    ------
    KeyFileError
        E_KEY: one is no public key of Ed25519.
    ValueError
        The threshold is not 1 to the number of keys.
    """

    __slots__ = ("keys", "threshold")

    def __init__(self, *keys: KeyLike, threshold: int = 1) -> None:
        self.keys = tuple(dict.fromkeys(map(PublicKey.of, keys)))
        self.threshold = threshold
        if not 1 <= threshold <= len(self.keys):
            raise ValueError(f"threshold must be 1 to {len(self.keys)}, the number of keys, not {threshold}")

    @classmethod
    def of(cls, keys: KeysLike) -> TrustedKeys:
        """Return what one key, or several of which one is enough, stand for."""
        if isinstance(keys, TrustedKeys):
            return keys
        if isinstance(keys, Sequence) and not isinstance(keys, str | bytes):
            return cls(*keys)
        return cls(keys)


if TYPE_CHECKING:
    KeysLike = TrustedKeys | KeyLike | Sequence[KeyLike]
else:
    KeysLike = object

"""Keys, and a small file, for tests of signatures."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.decoder.files import one_byte

FILE = one_byte(more=[(0x81, b"\x07whatever", 0), (0xF0, b"private", 0)])
MODEL = b"a\0b"


def private(name: str) -> Ed25519PrivateKey:
    """The same key for the same name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public(name: str) -> bytes:
    return private(name).public_key().public_bytes_raw()

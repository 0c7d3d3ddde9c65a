"""Signatures (SPEC.md, clause 6.8) of files that are built here."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conformance.generator.build import build
from conformance.generator.files import File

SIGNATURE = 0x82
ORDER = 2**252 + 27742317777372353535851937790883648493
_SEEDS = [hashlib.sha256(name).digest() for name in (b"A", b"B", b"C")]
_PRIVATE = [Ed25519PrivateKey.from_private_bytes(seed) for seed in _SEEDS]
KEYS: Sequence[bytes] = tuple(key.public_key().public_bytes_raw() for key in _PRIVATE)
"""Public keys that vectors are signed with."""


def content(key: bytes, signature: bytes) -> bytes:
    """Return the content of a section."""
    return b"\1" + hashlib.sha256(key).digest()[:8] + signature


def signature_of(unsigned: File, key: bytes, *, domain: bytes = b"nntc SIGNATURE 1", head: int = 24) -> bytes:
    """Return the content of a section that signs a file which has none.

    Parameters
    ----------
    domain, head
        With what the message begins, and how many bytes of the header are signed, where that is to be wrong.
    """
    data = build(unsigned).data
    length = struct.unpack_from("<I", data, 16)[0]
    digest = hashlib.sha256(data[:head] + data[28 : 28 + length]).digest()
    signature = _PRIVATE[KEYS.index(key)].sign(domain + content(key, digest))
    return content(key, signature)


def signed(unsigned: File, *keys: bytes) -> File:
    """Return a file with signatures in front of its other sections."""
    signatures = [(SIGNATURE, signature_of(unsigned, key)) for key in keys]
    return replace(unsigned, others=[*signatures, *unsigned.others])

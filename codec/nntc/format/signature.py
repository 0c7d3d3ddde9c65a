"""SIGNATURE: what a key signs, and how that is stored.

Implements SPEC.md 6.8 (R-280, R-281).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from nntc.format.container import ENTRY, HEADER, Entry, Header
from nntc.format.registry import SectionType

ED25519 = 1
KEY_SIZE = 32
KEY_ID_SIZE = 8
SIGNATURE_SIZE = 64
CONTENT_SIZE = 1 + KEY_ID_SIZE + SIGNATURE_SIZE
MAX_SIGNATURES = 16
"""SIGNATURE sections of a file that are looked at."""
_DOMAIN = b"nntc SIGNATURE 1"
_PRIME = 2**255 - 19
_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _PRIME - 1, _ORDER_8, _PRIME - _ORDER_8})
"""y of the points of order 1, 2, 4 and 8."""


def key_id(public: bytes) -> bytes:
    """Return the id of a public key of 32 bytes: the first 8 of its SHA-256."""
    return hashlib.sha256(public).digest()[:KEY_ID_SIZE]


def is_usable_key(public: bytes) -> bool:
    """Return whether 32 bytes can be trusted as a key: one way to write a point, not one of small order."""
    y = int.from_bytes(public, "little") & (2**255 - 1)
    return y < _PRIME and y not in _SMALL_ORDER


def signed_message(header: Header, entries: Iterable[Entry], public_id: bytes) -> bytes:
    """Return the 57 bytes that a key signs for a file, which its SIGNATURE sections do not change.

    Parameters
    ----------
    header, entries
        Of the file; those of signatures are left out.
    public_id
        Id of the key.
    """
    kept = [entry for entry in entries if entry.type != SectionType.SIGNATURE]
    directory = b"".join(map(ENTRY.write, kept))
    unsigned = replace(header, section_count=len(kept), directory_length=len(directory))
    digest = hashlib.sha256(HEADER.write(unsigned)[:-4] + directory).digest()
    return _DOMAIN + bytes([ED25519]) + public_id + digest

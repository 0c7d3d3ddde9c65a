"""Clause 6.8: SIGNATURE. Ed25519 itself is taken from the package ``cryptography``, where it is demanded."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from .container import SIGNATURE as FILE_SIGNATURE
from .container import Entry, Header, Source, read_section
from .errors import NntcError

SIGNATURE = 0x82
ED25519 = 1
MOST, SIZE = 16, 73
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the caller demands: keys of 32 bytes, and how many of them must have signed."""

    keys: tuple[bytes, ...]
    threshold: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= len(set(self.keys)):
            raise ValueError("threshold")
        for key in self.keys:
            y = int.from_bytes(key, "little") % 2**255
            if len(key) != 32 or y >= PRIME or y in (0, 1, PRIME - 1, ORDER_8, PRIME - ORDER_8):
                raise ValueError("no key to trust")


def read_key(path: Path) -> bytes:
    """The public key in a PEM file: 32 bytes after twelve that name Ed25519 (RFC 8410)."""
    lines = path.read_text("ascii").split("\n")
    der = base64.b64decode("".join(line for line in lines if not line.startswith("-----")))
    if der[:12] != bytes.fromhex("302A300506032B6570032100") or len(der) != 44:
        raise ValueError(f"{path} is no public key of Ed25519")
    return der[12:]


def check(source: Source, header: Header, entries: list[Entry], trusted: Trusted) -> None:
    """E_SIGNED unless enough trusted keys have signed [R-280]."""
    found = []
    for entry in [entry for entry in entries if entry.type == SIGNATURE][:MOST]:
        if entry.length == SIZE:
            found.append(read_section(source, entry))
    digest = unsigned_digest(header, [entry for entry in entries if entry.type != SIGNATURE])
    signed = sum(any(is_by(key, content, digest) for content in found) for key in set(trusted.keys))
    if signed < trusted.threshold:
        raise NntcError("E_SIGNED", 28, f"{signed} trusted keys have signed")


def is_by(key: bytes, content: bytes, digest: bytes) -> bool:
    """Whether a section of 73 bytes is a valid signature of a key [R-281]."""
    algorithm, key_id, signature = content[0], content[1:9], content[9:]
    if algorithm != ED25519 or key_id != hashlib.sha256(key).digest()[:8]:
        return False
    if int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    message = b"nntc SIGNATURE 1" + bytes([algorithm]) + key_id + digest
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def unsigned_digest(header: Header, entries: list[Entry]) -> bytes:
    """SHA-256 of bytes 0..23 of the header and the directory, as they are without signatures."""
    directory = b"".join(
        bytes([entry.type]) + varint(entry.length) + varint(entry.output) + entry.digest for entry in entries
    )
    head = FILE_SIGNATURE + bytes([1, header.minor, header.reader, header.profile])
    head += struct.pack("<III", len(entries), len(directory), header.working_memory)
    return hashlib.sha256(head + directory).digest()


def varint(value: int) -> bytes:
    """Clause 3.4."""
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes([*out, value])

"""Header, directory entries, and digests of sections.

The header's checks come after its CRC [R-108], those of an entry as it is read.

Implements SPEC.md 5.1, 5.2 and 5.4 (R-100 to R-107, R-153 to R-160).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from nntc.format.fields import Layout, Named, Raw, VarInt, u8, u32
from nntc.format.registry import IGNORABLE, LEADING, Profile, SectionType

MAJOR = 1
MINOR = 0
SIGNATURE = b"\x8eNNT\r\n\x1a\n"
HEADER_SIZE = 28
DIGEST_SIZE = 16
MAX_SECTIONS = 1 << 20
MAX_DIRECTORY = 1 << 25
MAX_SECTION_LENGTH = (1 << 40) - 1
MAX_SECTION_OUTPUT = 1 << 31
MAX_EXPANSION = 1 << 16
"""Output bytes for each stored byte, of a section and of the whole file [R-159, R-206]."""


@dataclass(frozen=True, slots=True)
class Header:
    """The first 28 bytes."""

    signature: bytes
    major: int
    minor: int
    reader: int
    profile: Profile
    section_count: int
    directory_length: int
    working_memory: int
    header_crc: int


_PROFILES = frozenset(Profile)
SIGNATURE_FIELD = Raw(8, "signature").must(
    "R-100", "E_SIGNATURE", "not a .nntc file", lambda v, *_: v == SIGNATURE
)

HEADER = Layout(
    Header,
    signature=SIGNATURE_FIELD,
    major=u8().within("R-101", MAJOR, MAJOR, "E_VERSION", "major version is not supported"),
    minor=u8(),
    reader=u8()
    .must("R-102", "E_RESERVED", "reader version above its own", lambda v, fields, _: v <= fields["minor"])
    .must("R-103", "E_VERSION", "minor version is not supported", lambda v, *_: v <= MINOR),
    profile=u8().must("R-104", "E_PROFILE", "unknown profile", lambda v, *_: v in _PROFILES).becomes(Profile),
    section_count=u32().within("R-105", 1, MAX_SECTIONS, "E_LIMIT", "section count"),
    directory_length=u32().within("R-106", 0, MAX_DIRECTORY, "E_LIMIT", "directory length"),
    working_memory=u32(),  # R-110 is checked with each section
    header_crc=u32(),  # R-107 is checked before all these
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the directory says of a section."""

    type: int
    length: int
    output: int
    digest: bytes


def _is_known(kind: int, *_: Named) -> bool:
    return kind >= IGNORABLE or kind in _SECTION_TYPES


def _is_in_order(kind: int, _fields: Named, given: Named) -> bool:
    before = given["before"]
    if before == 0 or before in LEADING:
        return kind == SectionType.GRAPH or (kind in LEADING and kind >= before and not given["is_last"])
    if kind == SectionType.GRAPH or kind in LEADING:
        return False
    return kind >= before and not kind == before == SectionType.TABLES


def _has_its_output(output: int, fields: Named, _given: Named) -> bool:
    return (output > 0) == (fields["type"] in (SectionType.GRAPH, SectionType.TENSOR))


_SECTION_TYPES = frozenset(SectionType)
ENTRY = Layout(
    Entry,
    # Given: `before`, the type of the entry before, 0 for none; `is_last`, whether no entry comes after.
    type=u8()
    .must("R-153", "E_RESERVED", "section type", lambda v, *_: v & 0x7F)
    .must("R-154", "E_UNSUPPORTED", "unknown critical section type", _is_known)
    .must("R-155", "E_ORDER", "section is out of order", _is_in_order),
    length=VarInt().within("R-156", 0, MAX_SECTION_LENGTH, "E_LIMIT", "section length"),
    output=VarInt()
    .within("R-157", 0, MAX_SECTION_OUTPUT, "E_LIMIT", "section output")
    .must("R-158", "E_SIZE", "section output does not go with its type", _has_its_output)
    .must(
        "R-159",
        "E_EXPANSION",
        "section claims to expand too much",
        lambda v, fields, _: v <= MAX_EXPANSION * fields["length"] + MAX_EXPANSION,
    ),
    digest=Raw(DIGEST_SIZE, "digest"),  # R-160 is checked when the section is read
)


def digest_of(data: bytes) -> bytes:
    """Return the digest of a section's stored bytes: the first 16 bytes of their SHA-256."""
    return hashlib.sha256(data).digest()[:DIGEST_SIZE]

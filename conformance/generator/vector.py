"""A vector: a file, and what a decoder must do with it."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from nntc.conformance.suite import PROFILES

from conformance.generator.files import SIGNATURE
from conformance.generator.patches import Edit
from conformance.generator.records import Record

SINCE = "1.0"
CLASSES = ("valid", "malformed", "invalid", "limit", "unsupported", "missing")
CLASS_OF_ERROR = {
    "malformed": "SIGNATURE CRC DIGEST TRUNCATED TRAILING VARINT PADDING DIRECTORY HASH ZSTD BZIP2 TABLE "
    "ENTROPY SIGNED",
    "invalid": "PROFILE ORDER RESERVED SPLICE FILE_NAME TYPE VIEW SIZE STEP CODEBOOK TRELLIS ESCAPE RANGE "
    "REFERENCE",
    "limit": "LIMIT EXPANSION MEMORY",
    "unsupported": "VERSION UNSUPPORTED",
    "missing": "BASE",
}
"""SPEC.md, clause 12.2."""

MAX_MEMORY = 256 << 20
MAX_SECONDS = 30


@dataclass(frozen=True)
class Fault:
    """An error id and its offset."""

    id: str
    offset: int

    @property
    def kind(self) -> str:
        """The class of a vector that must be rejected so."""
        return next(k for k, ids in CLASS_OF_ERROR.items() if self.id.removeprefix("E_") in ids.split())


@dataclass(frozen=True)
class Indexed:
    """A tensor that INDEX names; data is None where the index does not tell it."""

    name: str
    data_type: int
    dims: tuple[int, ...]
    data: bytes | None


NO_INDEX: tuple[Indexed, ...] = ()


@dataclass(frozen=True)
class CallerLimit:
    """What a caller may allow, `memory` or `output` in bytes; `fault` is None where that is enough."""

    what: str
    allowed: int
    fault: Fault | None


@dataclass(frozen=True)
class CallerKeys:
    """Keys that a caller trusts, how many must have signed, and `fault`, None where they have."""

    keys: tuple[bytes, ...]
    threshold: int
    fault: Fault | None


@dataclass(frozen=True)
class Vector:
    """A file and what a decoder must do with it.

    Parameters
    ----------
    outputs
        Names and contents of the output files of a valid vector.
    records
        TENSOR sections of a valid vector, with their offsets.
    index
        What a tool finds in INDEX, None for nothing; `NO_INDEX` where the vector is not about that.
    max_memory, max_seconds
        Bounds on what a decoder may use; 0 for none stated.
    bases
        Files that a decoder is given as the base.
    without_base
        What it must say where it is given none; None of a vector without base.
    """

    id: str
    data: bytes
    comment: str
    requirements: tuple[str, ...]
    features: tuple[str, ...]
    outputs: tuple[tuple[str | None, bytes], ...] = ()
    records: tuple[tuple[int, Record], ...] = ()
    index: tuple[Indexed, ...] | None = NO_INDEX
    fault: Fault | None = None
    parent: str | None = None
    patch: tuple[Edit, ...] = ()
    max_memory: int = 0
    max_seconds: int = 0
    caller_limits: tuple[CallerLimit, ...] = ()
    caller_keys: tuple[CallerKeys, ...] = ()
    bases: tuple[bytes, ...] = ()
    without_base: Fault | None = None

    @property
    def kind(self) -> str:
        """The class of the vector."""
        return "valid" if self.fault is None else self.fault.kind

    @property
    def profile(self) -> str:
        """What the header says, if a decoder of less answers with E_UNSUPPORTED at offset 11."""
        head = self.data[:28]
        if len(head) < 28 or head[:8] != SIGNATURE or head[8] != 1 or head[10] > 0:
            return PROFILES[0]
        is_valid = struct.unpack("<I", head[24:])[0] == zlib.crc32(head[:24])
        return PROFILES[head[11]] if is_valid and head[11] < len(PROFILES) else PROFILES[0]

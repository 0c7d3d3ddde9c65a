"""Metadata files of TUF as a publisher makes them: signed, described by those that refer to them, renewed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, MetaFile, Root, Signed, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

T = TypeVar("T", Root, Targets, Snapshot, Timestamp)

DAYS: Mapping[str, int] = {"root": 365, "targets": 365, "snapshot": 30, "timestamp": 14}
"""Days for which metadata are valid, unless others are chosen."""
_CHOSEN = "x-nntc-days"
"""Field of metadata that has the days that were chosen for them."""


def fresh(kind: type[T], days: int, **fields: Any) -> Metadata[T]:
    """Return metadata of a role, of version 1 and without signatures."""
    return Metadata(kind(expires=_after(days), unrecognized_fields={_CHOSEN: days}, **fields))


def renew(signed: Signed, days: int | None = None) -> None:
    """Have metadata be valid from now on, for other days than before if they are given."""
    chosen = days or signed.unrecognized_fields.get(_CHOSEN) or DAYS[signed.type]
    signed.unrecognized_fields[_CHOSEN] = chosen
    signed.expires = _after(chosen)


def is_late(signed: Signed) -> bool:
    """Return whether less than half of the days are left for which metadata are valid."""
    left = signed.expires - datetime.now(UTC)
    return left < timedelta(days=signed.unrecognized_fields.get(_CHOSEN, DAYS[signed.type])) / 2


def sign(metadata: Metadata[Any], signers: Iterable[Signer]) -> bytes:
    """Sign metadata; return the file."""
    metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(JSONSerializer(compact=False, validate=True))


def described(version: int, data: bytes) -> MetaFile:
    """Return what other metadata say of a file."""
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def numbers(folder: Path, role: str) -> list[int]:
    """Return the versions of a role's metadata that are in a folder, lowest first."""
    found = (re.fullmatch(r"(\d+)\." + role, path.stem) for path in folder.glob(f"*.{role}.json"))
    return sorted(int(match[1]) for match in found if match)


def _after(days: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)

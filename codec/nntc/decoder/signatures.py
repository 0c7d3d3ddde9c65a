"""Signatures of a file: found, and checked against keys that are trusted.

Implements SPEC.md 6.8 and 9.2 (R-280, R-281).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from nntc.decoder.directory import Directory, read_section
from nntc.errors import FormatError
from nntc.format.container import HEADER_SIZE
from nntc.format.registry import SectionType
from nntc.format.signature import CONTENT_SIZE, ED25519, KEY_ID_SIZE, MAX_SIGNATURES, signed_message
from nntc.signing.public import TrustedKeys
from nntc.sources.source import Source


class FoundSignature(NamedTuple):
    """A signature as it is stored, not checked: id of its key, and 64 bytes."""

    key_id: bytes
    signature: bytes


def read_signatures(source: Source, directory: Directory) -> Iterator[FoundSignature]:
    """Yield the signatures of a file that this decoder knows how to check; E_DIGEST where one is damaged."""
    signatures = (s for s in directory.sections if s.type == SectionType.SIGNATURE)
    for section in islice(signatures, MAX_SIGNATURES):
        if section.length == CONTENT_SIZE:
            data = read_section(source, section)
            if data[0] == ED25519:
                yield FoundSignature(data[1 : 1 + KEY_ID_SIZE], data[1 + KEY_ID_SIZE :])


def check_signatures(source: Source, directory: Directory, trusted: TrustedKeys) -> tuple[str, ...]:
    """Return the ids of trusted keys that have signed a file, in the order of the keys.

    Raises
    ------
    FormatError
        E_SIGNED: they are fewer than are needed. E_DIGEST: a signature is damaged.
    """
    found = list(read_signatures(source, directory))
    signed = []
    for key in trusted.keys:
        own = bytes.fromhex(key.id)
        message = signed_message(directory.header, directory.entries, own)
        if any(s.key_id == own and key.verify(s.signature, message) for s in found):
            signed.append(key.id)
    if len(signed) < trusted.threshold:
        raise FormatError("E_SIGNED", _why(found, signed, trusted), HEADER_SIZE)
    return tuple(signed)


def _why(found: list[FoundSignature], signed: list[str], trusted: TrustedKeys) -> str:
    """Return for a person what there is, and what is needed."""
    ids = dict.fromkeys(signature.key_id.hex() for signature in found)
    wrong = [key.id for key in trusted.keys if key.id in ids and key.id not in signed]
    if wrong:
        has = f"has a wrong signature by {', '.join(wrong)}"
    else:
        has = f"has signatures by {', '.join(ids)} alone" if ids else "has no signature"
    if trusted.threshold == 1:
        return f"the file {has}; one by a trusted key is needed"
    return f"the file {has}; those of {trusted.threshold} trusted keys are needed"

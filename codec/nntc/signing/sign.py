"""Sign a `.nntc` file: a section more in front, all others as they are."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from nntc.decoder.directory import Directory, Section, read_directory
from nntc.decoder.output_set import OutputSet
from nntc.errors import FormatError, KeyFileError
from nntc.format.container import (
    DIGEST_SIZE,
    ENTRY,
    HEADER,
    MAX_DIRECTORY,
    MAX_SECTIONS,
    Entry,
    digest_of,
)
from nntc.format.fields import u32
from nntc.format.registry import SectionType
from nntc.format.signature import CONTENT_SIZE, ED25519, MAX_SIGNATURES, key_id, signed_message
from nntc.signing.private import PrivateKeyLike, private_key
from nntc.signing.public import PublicKey
from nntc.sources.source import Source, SourceLike, opened, sha256_of

_CHUNK = 1 << 20


def sign(
    source: SourceLike,
    key: PrivateKeyLike,
    target: str | os.PathLike[str] | None = None,
    *,
    passphrase: bytes | None = None,
) -> PublicKey:
    """Sign a `.nntc` file, after all digests of its sections have been checked.

    Parameters
    ----------
    source
        Path, URL, bytes, or anything with `size` and `read(offset, length)`.
    key
        Private key of Ed25519: a PEM file (PKCS 8), its content, or an object with `sign` and `public_key`,
        such as an `Ed25519PrivateKey` of `cryptography`, or one that asks a token.
    target
        Path of the signed file, which appears complete or not at all; the source's own by default. Signatures
        by other keys are kept, one by the same key is replaced.
    passphrase
        With which the key's file is encrypted, if it is.

    Returns
    -------
    The key's public half.

    Raises
    ------
    FormatError
        The `.nntc` file is at fault. E_LIMIT: there is no room for another signature.
    KeyFileError
        E_KEY: the key is none of Ed25519, or the passphrase is not right.
    OutputError
        E_OUTPUT, E_OUTPUT_BUSY: the target cannot be written.
    ImportError
        The extra `sign` is not installed.
    """
    signer = private_key(key, passphrase)
    public = PublicKey.of(signer.public_key())
    if target is None:
        if not isinstance(source, str | os.PathLike):
            raise TypeError("name a target: the source is no file")
        target = source
    with OutputSet([Path(target)]) as output, opened(source) as file:
        directory = read_directory(file)
        for section in directory.sections:
            _check(file, section)
        own = key_id(public.data)
        message = signed_message(directory.header, directory.entries, own)
        signature = signer.sign(message)
        if not public.verify(signature, message):
            raise KeyFileError("the key does not make signatures that its public half verifies")
        kept = [s for s in directory.sections if s.type == SectionType.SIGNATURE and not _is_by(file, s, own)]
        if len(kept) == MAX_SIGNATURES:
            raise FormatError("E_LIMIT", f"{MAX_SIGNATURES} keys have signed; no more are looked at", 12)
        output.write([_signed(file, directory, kept, bytes([ED25519]) + own + signature)])
    return public


def _check(file: Source, section: Section) -> None:
    if sha256_of(file, section.offset, section.length)[:DIGEST_SIZE] != section.digest:
        raise FormatError("E_DIGEST", "section is damaged", section.offset)


def _stretch(file: Source, section: Section) -> Iterator[bytes]:
    for at in range(0, section.length, _CHUNK):
        yield file.read(section.offset + at, min(_CHUNK, section.length - at))


def _is_by(file: Source, section: Section, own: bytes) -> bool:
    return (
        section.length == CONTENT_SIZE and file.read(section.offset, 1 + len(own)) == bytes([ED25519]) + own
    )


def _signed(file: Source, directory: Directory, kept: Sequence[Section], content: bytes) -> Iterator[bytes]:
    """Yield the signed file: signatures that are kept, the new one, all other sections."""
    others = [s for s in directory.sections if s.type != SectionType.SIGNATURE]
    new = Entry(SectionType.SIGNATURE, len(content), 0, digest_of(content))
    entries = [*(s.entry for s in kept), new, *(s.entry for s in others)]
    data = b"".join(map(ENTRY.write, entries))
    if len(entries) > MAX_SECTIONS or len(data) > MAX_DIRECTORY:
        raise FormatError("E_LIMIT", "the directory has no room for a signature", 12)
    head = HEADER.write(replace(directory.header, section_count=len(entries), directory_length=len(data)))[
        :-4
    ]
    for part in (head, data):
        yield part + u32().put(zlib.crc32(part))
    for section in kept:
        yield from _stretch(file, section)
    yield content
    for section in others:
        yield from _stretch(file, section)

"""A decoder that is told which keys must have signed a file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from nntc.conformance.decoders import Answer, CommandDecoder
from nntc.conformance.process import Caps
from nntc.conformance.suite import CallerKeys
from nntc.decoder.folder import temporary_folder

_BEFORE = bytes.fromhex("302A300506032B6570032100")
"""What stands before the 32 bytes of a key of Ed25519 (RFC 8410)."""


class KeyedDecoder:
    """A process for each file, with keys in files.

    Parameters
    ----------
    words
        Command with `{input}`, `{output}` and `{threshold}`, and `{key}` in a word that is repeated for each.
    demanded
        The keys, and how many of them must have signed.
    """

    def __init__(self, words: Sequence[str], demanded: CallerKeys) -> None:
        self._words = words
        self._demanded = demanded

    @property
    def takes_bases(self) -> bool:
        """Whether the command has a word with `{base}`."""
        return CommandDecoder(self._words).takes_bases

    def decode(self, source: Path, target: Path, caps: Caps, bases: Sequence[Path] = ()) -> Answer:
        """Run the command; OSError if it cannot be started."""
        with temporary_folder() as folder:
            files = [folder / f"{number}.pub" for number in range(len(self._demanded.keys))]
            for file, key in zip(files, self._demanded.keys, strict=True):
                file.write_text(pem(key), "ascii")
            words: list[str] = []
            for word in self._words:
                found = [word.replace("{key}", str(file)) for file in files] if "{key}" in word else [word]
                words += found
            threshold = str(self._demanded.threshold)
            return CommandDecoder(words, threshold=threshold).decode(source, target, caps, bases)

    def close(self) -> None:
        """Nothing is left running."""


def pem(key: bytes) -> str:
    """Return a public key as openssl writes it."""
    text = base64.b64encode(_BEFORE + key).decode("ascii")
    return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"

"""`nntc keygen`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nntc.cli.arguments import Parser, input_file
from nntc.cli.output import say, show_json

_HELP = """
    Make a key that signs `.nntc` files: KEYFILE, which only you can read, and
    KEYFILE.pub, which everybody may know.

    Both are PEM, as openssl reads and writes it (Ed25519; PKCS 8 and
    SubjectPublicKeyInfo). Files that are there already are never replaced.

    Examples:
      nntc keygen release.key
      nntc keygen release.key --passphrase-file secret.txt
"""
PASSPHRASE = "First line of this file encrypts the private key."  # noqa: S105 - words for people


def passphrase_file(value: str) -> bytes:
    """Return the first line of a file."""
    line = input_file(value).read_bytes().partition(b"\n")[0].rstrip(b"\r")
    if not line:
        raise ValueError(f"'{value}' begins with an empty line")
    return line


def keygen(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("target", "KEYFILE", Path)
    parser.option("--passphrase-file", metavar="FILE", check=passphrase_file, text=PASSPHRASE)
    parser.json()
    chosen = parser.parse(words)

    from nntc.signing.private import make_key_files

    key = make_key_files(chosen.target, chosen.passphrase_file)
    public = f"{chosen.target}.pub"
    if chosen.as_json:
        show_json({"private": str(chosen.target), "public": public, "id": key.id})
    else:
        say(f"{chosen.target}: private key, to be kept secret")
        say(f"{public}: public key {key.id}, for those who verify")
    return 0

"""`nntc sign`."""

from __future__ import annotations

from collections.abc import Sequence

from nntc.cli.arguments import Parser, input_file, output_file
from nntc.cli.keygen import passphrase_file
from nntc.cli.output import say, show_json

_HELP = """
    Sign FILE.nntc with a private key; it is rewritten with the signature in
    it, or not at all.

    The signature is over all of the file but other signatures, which are kept.
    All digests are checked before. Who has the public key can demand the
    signature: `nntc verify --key`, `nntc decode --require-key`.

    Examples:
      nntc keygen release.key
      nntc sign model.nntc --key release.key
      nntc sign model.nntc --key release.key -o signed.nntc
"""


def sign(words: Sequence[str], prog: str) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog, _HELP)
    parser.operand("source", "FILE.nntc", input_file)
    text = "Private key in PEM, as `nntc keygen` or openssl makes it."
    parser.option("--key", metavar="PRIVATE", check=input_file, text=text)
    text = "Write the signed file here, and leave FILE.nntc as it is."
    parser.option("-o", "--output", metavar="OUT.nntc", check=output_file, text=text)
    text = "First line of this file is what the private key is encrypted with."
    parser.option("--passphrase-file", metavar="FILE", check=passphrase_file, text=text)
    parser.json()
    chosen = parser.parse(words)
    if chosen.key is None:
        parser.fail("Missing option '--key'")

    import nntc

    target = chosen.source if chosen.output is None else chosen.output
    key = nntc.sign(chosen.source, chosen.key, target, passphrase=chosen.passphrase_file)
    try:
        size = target.stat().st_size
    except OSError:  # it is signed all the same
        size = None
    if chosen.as_json:
        show_json({"file": str(target), "key": key.id, "bytes": size})
    else:
        say(f"{target}: signed by key {key.id}" + ("" if size is None else f", {size:,} bytes"))
    return 0

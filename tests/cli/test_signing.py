from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def key(nntc: Command) -> Path:
    made = nntc("keygen", "release.key")
    assert (made.code, made.err) == (0, "")
    private, public = made.out.splitlines()
    assert private == "release.key: private key, to be kept secret"
    assert re.fullmatch(r"release\.key\.pub: public key [0-9a-f]{16}, for those who verify", public)
    return Path("release.key")


def test_a_file_is_signed_and_demanded(coded: Path, key: Path, nntc: Command) -> None:
    before = coded.read_bytes()
    signed = nntc("sign", coded, "--key", key)
    assert signed.code == 0
    match = re.fullmatch(r"model\.nntc: signed by key ([0-9a-f]{16}), ([\d,]+) bytes\n", signed.out)
    assert match
    assert len(coded.read_bytes()) == len(before) + 92
    verified = nntc("verify", coded, "--key", "release.key.pub")
    assert verified.out.splitlines()[1] == f"model.nntc: signed by {match[1]}"
    decoded = nntc("decode", coded, "again.onnx", "--require-key", "release.key.pub")
    assert decoded.out.splitlines()[1] == f"signed by {match[1]}"
    assert match[1] in nntc("info", coded).out
    assert nntc("info", coded, "--json").json["key_ids"] == [match[1]]
    assert nntc("decode", coded, "a.onnx", "--require-key", "release.key.pub", "--json").json[
        "signed_by"
    ] == [match[1]]
    assert nntc("verify", coded, "--key", "release.key.pub", "--json").json["signed_by"] == [match[1]]


def test_a_file_that_is_not_signed_is_rejected(coded: Path, key: Path, nntc: Command) -> None:
    for words in (("verify", coded, "--key"), ("decode", coded, "again.onnx", "--require-key")):
        outcome = nntc(*words, f"{key}.pub")
        assert (outcome.code, outcome.out) == (1, "")
        assert (
            outcome.err == "nntc: E_SIGNED @ 28: the file has no signature; one by a trusted key is needed\n"
        )
    assert not Path("again.onnx").exists()


def test_two_keys_and_a_threshold(coded: Path, key: Path, nntc: Command) -> None:
    assert nntc("keygen", "other.key", "--json").json["private"] == "other.key"
    assert nntc("sign", coded, "--key", key, "-o", "one.nntc").code == 0
    assert (
        nntc("sign", "one.nntc", "--key", "other.key", "-o", "two.nntc", "--json").json["file"] == "two.nntc"
    )
    keys = ("--key", "release.key.pub", "--key=other.key.pub")
    assert nntc("verify", "one.nntc", *keys).code == 0
    assert nntc("verify", "one.nntc", *keys, "--threshold", "2").code == 1
    assert nntc("verify", "two.nntc", *keys, "--threshold", "2").code == 0


def test_passphrases(coded: Path, nntc: Command) -> None:
    Path("secret").write_text("open sesame\nmore\n")
    assert nntc("keygen", "k", "--passphrase-file", "secret").code == 0
    assert nntc("sign", coded, "--key", "k", "--passphrase-file", "secret").code == 0
    refused = nntc("sign", coded, "--key", "k")
    assert (refused.code, refused.err) == (1, "nntc: E_KEY: k is encrypted: a passphrase is needed\n")
    Path("empty").write_text("\n")
    assert nntc("keygen", "l", "--passphrase-file", "empty").code == 2


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["keygen", "release.key"], 1, "E_OUTPUT_EXISTS: release.key.pub exists; keys are never replaced"),
        (["sign", "model.nntc"], 2, "Missing option '--key'"),
        (["sign", "model.nntc", "--key", "release.key.pub"], 1, "E_KEY: release.key.pub is a public key"),
        (["verify", "model.nntc", "--key", "release.key"], 1, "E_KEY: release.key is a private key"),
        (["verify", "model.nntc", "--key", "no.pub"], 2, "cannot open 'no.pub'"),
        (["verify", "model.nntc", "--threshold", "1"], 2, "name them"),
        (
            ["verify", "model.nntc", "--key", "release.key.pub", "--threshold", "2"],
            2,
            "threshold must be 1 to 1",
        ),
        (["sign", "release.key", "--key", "release.key"], 1, "E_SIGNATURE @ 0"),
    ],
)
@pytest.mark.usefixtures("coded", "key")
def test_wrong_use(words: list[str], code: int, text: str, nntc: Command) -> None:
    outcome = nntc(*words)
    assert outcome.code == code
    assert text in outcome.err


@pytest.mark.usefixtures("key")
def test_without_the_extra(coded: Path, nntc: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    outcome = nntc("verify", coded, "--key", "release.key.pub")
    assert outcome.code == 1
    assert outcome.err == "nntc: E_EXTRA: keys and signatures need more: pip install 'nntc[sign]'\n"

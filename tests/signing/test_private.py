from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from nntc.errors import KeyFileError, OutputError
from nntc.signing.private import make_key_files, private_key
from nntc.signing.public import PublicKey

from tests.signed_files import private


def test_a_key_is_made_and_read_again(tmp_path: Path) -> None:
    key = make_key_files(tmp_path / "k")
    signature = private_key(tmp_path / "k").sign(b"message")
    assert PublicKey.of(tmp_path / "k.pub") == key
    assert key.verify(signature, b"message")
    assert private_key((tmp_path / "k").read_bytes()).sign(b"message") == signature
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600


def test_a_key_with_a_passphrase(tmp_path: Path) -> None:
    key = make_key_files(tmp_path / "k", b"secret")
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "k").read_bytes()
    assert key.verify(private_key(tmp_path / "k", b"secret").sign(b""), b"")
    with pytest.raises(KeyFileError, match="is encrypted: a passphrase is needed"):
        private_key(tmp_path / "k")
    with pytest.raises(KeyFileError, match="has another passphrase"):
        private_key(tmp_path / "k", b"Secret")
    make_key_files(tmp_path / "plain")
    with pytest.raises(KeyFileError, match="is not encrypted"):
        private_key(tmp_path / "plain", b"secret")


@pytest.mark.parametrize("there", ["k", "k.pub"])
def test_nothing_is_replaced(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(OutputError, match="never replaced") as caught:
        make_key_files(tmp_path / "k")
    assert caught.value.id == "E_OUTPUT_EXISTS"
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {there: "mine"}


def test_no_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        make_key_files(tmp_path / "k")
    assert [path.name for path in tmp_path.iterdir()] == ["k"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="E_OUTPUT: cannot write"):
        make_key_files(tmp_path / "no" / "k")


def test_what_is_no_private_key(tmp_path: Path) -> None:
    make_key_files(tmp_path / "k")
    with pytest.raises(KeyFileError, match="is a public key; the private one signs"):
        private_key(tmp_path / "k.pub")
    with pytest.raises(KeyFileError, match="no private key in PEM"):
        private_key(b"text")


def test_what_signs_already() -> None:
    key = private("a")
    assert private_key(key) is key


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
def test_openssl_reads_and_writes_the_same_files(tmp_path: Path) -> None:
    def openssl(*words: str) -> bytes:
        done = subprocess.run(["openssl", *words], capture_output=True, check=True, cwd=tmp_path)
        return done.stdout

    make_key_files(tmp_path / "ours")
    assert openssl("pkey", "-in", "ours", "-pubout") == (tmp_path / "ours.pub").read_bytes()
    openssl("genpkey", "-algorithm", "ed25519", "-out", "theirs")
    openssl("pkey", "-in", "theirs", "-pubout", "-out", "theirs.pub")
    signature = private_key(tmp_path / "theirs").sign(b"message")
    assert PublicKey.of(tmp_path / "theirs.pub").verify(signature, b"message")

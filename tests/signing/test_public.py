from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from nntc.errors import KeyFileError
from nntc.signing.public import PublicKey, TrustedKeys

from tests.signed_files import private, public

ORDER = 2**252 + 27742317777372353535851937790883648493
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]
"""Clause 7.1, TEST 1 to 3: public key, message, signature."""


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_signatures_of_rfc_8032(key: str, message: str, signature: str) -> None:
    known = PublicKey(bytes.fromhex(key))
    data, right = bytes.fromhex(message), bytes.fromhex(signature)
    assert known.verify(right, data)
    assert not known.verify(right, data + b"x")
    for at in (0, 31, 32, 63):
        wrong = bytearray(right)
        wrong[at] ^= 1
        assert not known.verify(bytes(wrong), data)
    number = int.from_bytes(right[32:], "little") + ORDER
    assert not known.verify(right[:32] + number.to_bytes(32, "little"), data)
    for length in (0, 63, 65):
        assert not known.verify((right + b"\0")[:length], data)


def test_keys_of_every_kind(tmp_path: Path) -> None:
    key = private("a").public_key()
    text = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path / "key.pub"
    file.write_bytes(text)
    assert {
        PublicKey.of(own) for own in (file, str(file), text, public("a"), key, PublicKey(public("a")))
    } == {PublicKey(public("a"))}


def pem(key: ed448.Ed448PublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (b"", "no public key in PEM"),
        (bytes(32), "small order"),
        (b"\xee" + b"\xff" * 30 + b"\x7f", "not canonical"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no public key in PEM"),
        (pem(ed448.Ed448PrivateKey.generate().public_key()), "no key of Ed25519"),
        (pem(ec.generate_private_key(ec.SECP256R1()).public_key()), "no key of Ed25519"),
        (
            private("a").private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            "is a private key",
        ),
    ],
)
def test_what_is_no_key(key: bytes, text: str) -> None:
    with pytest.raises(KeyFileError, match=text) as caught:
        PublicKey.of(key)
    assert caught.value.id == "E_KEY"


def test_a_key_of_another_length() -> None:
    with pytest.raises(KeyFileError, match="32 bytes, not 31"):
        PublicKey(bytes(31))


def test_several_keys_and_a_threshold() -> None:
    a, b = public("a"), public("b")
    assert [key.data for key in TrustedKeys(a, b, a, threshold=2).keys] == [a, b]
    assert TrustedKeys.of([a, b]).threshold == 1
    assert TrustedKeys.of(a).keys == (PublicKey(a),)
    assert TrustedKeys.of(TrustedKeys(a, b, threshold=2)).threshold == 2
    for keys, threshold in (([a], 0), ([a, a], 2), ([], 1)):
        with pytest.raises(ValueError, match="threshold must be 1 to"):
            TrustedKeys(*keys, threshold=threshold)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[sign\]'"):
        PublicKey(public("a")).verify(bytes(64), b"")

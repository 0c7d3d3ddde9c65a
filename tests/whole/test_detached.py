"""A `.nntc` file is signed beside itself with the OpenSSF's tools, as any model file is."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.signed_files import FILE

pytestmark = pytest.mark.skipif(
    find_spec("model_signing") is None or find_spec("OpenSSL") is None, reason="no model-signing"
)


def model_signing(folder: Path, *words: str) -> int:
    command = [sys.executable, "-m", "model_signing", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120).returncode


def test_a_file_is_signed_and_verified(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "ec.key").write_bytes(private)
    (tmp_path / "ec.pub").write_bytes(public)
    (tmp_path / "model.nntc").write_bytes(FILE)
    verify = ("verify", "key", "model.nntc", "--public_key", "ec.pub", "--signature", "model.sig")
    signed = model_signing(
        tmp_path, "sign", "key", "model.nntc", "--private_key", "ec.key", "--signature", "model.sig"
    )
    assert signed == 0
    assert model_signing(tmp_path, *verify) == 0
    (tmp_path / "model.nntc").write_bytes(FILE[:-1] + b"X")
    assert model_signing(tmp_path, *verify) == 1

"""Keys that callers of libnntc demand, in a build that has no Ed25519: the vectors show one that has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from nntc.conformance.keyed import pem
from nntc.conformance.suite import Vector, read_suite

from .building import ROOT, around, build, core

SUITE = {vector.id: vector for vector in read_suite(ROOT / "conformance").vectors}
SIGNED, PLAIN = SUITE["signed-graph-only"], SUITE["graph-only"]
KEY = SIGNED.caller_keys[0].keys[0]
SMALL = b"\1" + bytes(31)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # It lacks zstd too, which GRAPH needs: signatures are looked at before.
    return build([*core(), *around()], tmp_path_factory.mktemp("built") / "nntc-c", "-O0")


@pytest.mark.parametrize(
    ("vector", "text", "more", "code", "said"),
    [
        (PLAIN, pem(KEY), [], 1, "E_SIGNED @ 28"),
        (SIGNED, pem(KEY[::-1]), [], 1, "E_SIGNED @ 28"),
        (SIGNED, pem(KEY), [], 3, "lacks a coder"),
        (PLAIN, pem(SMALL), [], 2, "argument is not allowed"),
        (PLAIN, pem(b"\xed" + b"\xff" * 30 + b"\x7f"), [], 2, "argument is not allowed"),
        (PLAIN, pem(KEY), ["--threshold", "2"], 2, "argument is not allowed"),
        (PLAIN, pem(KEY), ["--threshold", "0"], 2, "usage"),
        (PLAIN, pem(KEY).replace("\n", "\r\n"), [], 1, "E_SIGNED @ 28"),
        (PLAIN, pem(KEY).replace("M", "*", 1), [], 2, "no public key"),
        (PLAIN, pem(KEY).replace("=", "A"), [], 2, "no public key"),
        (PLAIN, pem(KEY + b"x"), [], 2, "no public key"),
        (PLAIN, pem(KEY).replace("PUBLIC", "PRIVATE"), [], 2, "no public key"),
        (PLAIN, "", [], 2, "no public key"),
        (PLAIN, None, [], 2, "No such file"),
    ],
)
def test_keys_that_are_demanded(
    command: Path, tmp_path: Path, vector: Vector, text: str | None, more: list[str], code: int, said: str
) -> None:
    key = tmp_path / "key.pub"
    if text is not None:
        key.write_bytes(text.encode())
    words = [str(command), "verify", f"--require-key={key}", *more, str(vector.path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr

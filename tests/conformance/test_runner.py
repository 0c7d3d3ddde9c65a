"""The runner: what it reports on decoders of every kind, as a command and in batch mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.running import PYTHON, Run, python

BATCH = ("conformance.adapters.nntc_batch", "conformance.reference_decoder --batch")


@pytest.mark.parametrize("module", BATCH)
def test_our_decoders_pass(run: Run, module: str) -> None:
    # All vectors are in test_vectors; here some of each kind.
    some = [word for glob in ("*-1*", "first-*", "memory-*", "uniform-float*") for word in ("--run", glob)]
    code, text = run("--batch", f"{PYTHON} -m {module}", "--require-errors", *some, "--slow", "9")
    assert code == 0, text
    assert "failed" in text


def test_a_decoder_of_device_leaves_main_alone(run: Run, tmp_path: Path) -> None:
    body = "sys.stderr.write('E_UNSUPPORTED @ 11'); sys.exit(3)"
    arguments = ["--decoder", python(tmp_path, body), "--run", "planes-zstd", "--require-errors"]
    assert run(*arguments, "--profile", "device")[0] == 0
    assert run(*arguments)[0] == 1

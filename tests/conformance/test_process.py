"""Memory of decoders."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.running import BAD_CRC, Run, python


def test_memory_of_the_runner_is_not_taken_for_the_decoders(run: Run, tmp_path: Path) -> None:
    # Of a process that has ended the system tells no less than its parent's peak.
    own = bytearray(1 << 28)
    own[::4096] = bytes(1 << 16)
    body = "if source.name != 'empty.nntc': bytearray(1 << 27)[::4096] = bytes(1 << 15)\nsys.exit(1)"
    code, text = run("--decoder", python(tmp_path, body), "--run", BAD_CRC, "--memory", "64MiB")
    assert code == 1
    assert "memory" in text

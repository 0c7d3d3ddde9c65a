"""Verdicts of the runner on decoders that do wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.running import BAD_CRC, Run, python

MUCH = "bytearray(1 << 29)[::4096] = bytes(1 << 17)"  # half a GiB, every page written


@pytest.mark.parametrize(
    ("body", "names", "kind", "text"),
    [
        ("sys.exit(0)", ["empty"], "output", "the model has not been written"),
        ("target.write_bytes(b'x')", ["empty"], "output", "the model is wrong"),
        ("sys.exit(1)", ["empty"], "verdict", "must be accepted; was rejected"),
        ("sys.exit(3)", [BAD_CRC], "verdict", "was unsupported"),
        ("sys.exit(2)", ["empty"], "crash", "exit code 2"),
        ("os.abort()", ["empty"], "crash", "signal 6"),
        ("sys.exit('x: E_DIGEST @ 21: bad')", [BAD_CRC], "error", "reported E_DIGEST @ 21"),
        ("sys.exit('E_ZSTD @ 20')", [BAD_CRC], "error", "must report E_DIGEST @ "),
        ("(target.parent / 'x').write_text(''); sys.exit(1)", [BAD_CRC], "leftover", "left x"),
        ("(target.parent / 'x').mkdir(); sys.exit(1)", [BAD_CRC], "leftover", "left x"),
        ("(target.parents[1] / 'x').write_text(''); sys.exit(1)", [BAD_CRC], "leftover", "../x"),
        ("time.sleep(60)", ["empty"], "stopped", "took more than 2 s"),
        (f"{MUCH}; time.sleep(60)", ["section-count-0"], "stopped", "memory"),
        (f"{MUCH}; sys.exit(1)", ["section-count-0"], None, "memory"),
    ],
)
def test_what_decoders_do_wrong(
    run: Run, tmp_path: Path, body: str, names: list[str], kind: str | None, text: str
) -> None:
    report = tmp_path / "report.json"
    chosen = [word for name in names for word in ("--run", name)]
    # With the vector `empty` the decoder is right where its memory is measured.
    guard = "if source.name == 'empty.nntc': sys.exit(1)\n" if "empty" not in names else ""
    waits = "2" if "sleep" in body and kind == "stopped" and text != "memory" else "60"
    arguments = ["--decoder", python(tmp_path, guard + body), *chosen, "--timeout", waits, "--json", report]
    code, output = run(*arguments)
    assert code == 1
    assert text in output
    [result] = json.loads(report.read_text())["results"]
    kinds = {problem["kind"] for problem in result["problems"]}
    assert kinds == ({kind} if kind else kinds & {"memory", "stopped"})
    assert kinds


def test_first_difference_is_shown(run: Run, tmp_path: Path) -> None:
    body = "target.write_bytes(bytes(9))"
    code, text = run("--decoder", python(tmp_path, body), "--run", "planes-packed")
    assert code == 1
    assert "wrong from byte 0 on: must be" in text


def test_a_rejection_needs_no_words_unless_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    arguments = ["--decoder", python(tmp_path, "sys.exit(1)"), "--run", BAD_CRC]
    assert run(*arguments)[0] == 0
    code, text = run(*arguments, "--require-errors")
    assert code == 1
    assert "reported nothing" in text

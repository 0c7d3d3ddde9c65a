"""The runner as a command."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.running import BAD_CRC, FEW, PYTHON, ROOT, Run, python
from tests.conformance.vectors import CONFORMANCE


def nntc(*options: str) -> str:
    return " ".join([PYTHON, "-m", "nntc.cli", "decode", *options, "{input}", "{output}"])


def test_our_command_keeps_the_contract(run: Run) -> None:
    limited = ["--memory-limited", nntc("--max-memory", "{limit}")]
    limited += ["--output-limited", nntc("--max-output", "{limit}")]
    limited += ["--keyed", nntc("--require-key={key}", "--threshold", "{threshold}")]
    some = "--run", "output-external", "--run", "memory-before-graph", "--run", "signed-twice"
    code, text = run("--decoder", nntc(), *limited, *FEW, *some, "--require-errors", "--slow", "9")
    assert code == 0, text


def test_the_reference_decoder_keeps_the_contract(run: Run) -> None:
    command = f"{PYTHON} -m conformance.reference_decoder {{input}} {{output}}"
    code, text = run("--decoder", command, *FEW, "--require-errors", "--slow", "9")
    assert code == 0, text


def test_it_needs_the_standard_library_alone(tmp_path: Path) -> None:
    command = python(tmp_path, "sys.exit(1)")
    script = str(CONFORMANCE / "run.py")
    words = [PYTHON, "-I", "-S", script, "--decoder", command, "--run", BAD_CRC]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    script = "import sys; sys.path[:0] = [{!r}]; import nntc.conformance.main; print(*sys.modules)"
    words = [PYTHON, "-I", "-S", "-c", script.format(str(ROOT / "codec"))]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} <= {*sys.stdlib_module_names, "nntc", "__main__"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--decoder"),
        (["--decoder", "x {input}"], "no {output}"),
        (["--decoder", "x '{input} {output}"], "quotation"),
        (["--batch", ""], "--batch"),
        (["--decoder", "/not/there {input} {output}"], "/not/there"),
        (["--batch", "/not/there"], "/not/there"),
        (["--batch", "x", "--run", "no-such-vector"], "no vector"),
        (["--batch", "x", "--class", "wrong"], "invalid choice"),
        (["--batch", "x", "--suite", "/not/there"], "manifest.json"),
        (["--batch", "x", "--jobs", "0"], "--jobs"),
        (["--batch", "x", "--timeout", "-1"], "--timeout"),
        (["--batch", "x", "--memory", "much"], "--memory"),
        (["--batch", "x", "--memory-limited", "x {input} {output}"], "{limit}"),
        (["--batch", "x", "--keyed", "x {threshold} {input} {output}"], "{key}"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], text: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert text in output

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Command, network

Start = Callable[..., subprocess.Popen[str]]

WITHOUT = """
import sys
for name in "click rich onnx scipy google onnxruntime matplotlib jinja2 distributed fsspec".split():
    sys.modules[name] = None
from nntc.cli import main
main(sys.argv[1:])
"""


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["decode", "model.nntc", "again.onnx"], r"again.onnx: [\d,]+ bytes, SHA-256 \w+... checked"),
        (["info", "model.nntc"], "Roles are not known without the onnx library"),
        (["verify", "model.nntc"], "model.nntc: "),
        (["verify", "model.nntc", "model.onnx"], "model.onnx: identical"),
        (["conformance", "check", "model.nntc"], "model.nntc: conforms"),
        (["conformance", "run", "--help"], "usage: nntc conformance run"),
        (["--help"], "Usage: nntc "),
        (["--version"], "nntc .*, format "),
    ],
)
def test_what_a_decoder_does_without_any_extra(
    arguments: list[str], wanted: str, coded: Path, start: Start
) -> None:
    assert coded.exists()
    code, out, err = finish(start("-c", WITHOUT, *arguments))
    assert (code, err) == (0, "")
    assert re.search(f"^{wanted}", out, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments", [["encode", "model.onnx", "m.nntc"], ["encode", "--help"], ["sweep"], ["demo"]]
)
def test_a_missing_extra_is_named_in_one_line(arguments: list[str], start: Start, folder: Path) -> None:
    network()
    name = arguments[0]
    wanted = f"nntc: E_EXTRA: nntc {name} needs more: pip install 'nntc[encode]'\n"
    assert finish(start("-c", WITHOUT, *arguments)) == (1, "", wanted)
    assert [path.name for path in folder.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("missing", ["onnx", "scipy"])
def test_a_package_that_is_missed_later_is_named_too(missing: str, start: Start) -> None:
    network()
    code = f"import sys; sys.modules[{missing!r}] = None; from nntc.cli import main; main(sys.argv[1:])"
    wanted = "nntc: E_EXTRA: nntc encode needs more: pip install 'nntc[encode]'\n"
    assert finish(start("-c", code, "encode", "model.onnx", "m.nntc")) == (1, "", wanted)


def test_commands_of_conformance_are_listed(nntc: Command) -> None:
    shown = nntc("conformance", "--help")
    assert (shown.code, shown.err) == (0, "")
    assert "check" in shown.out
    assert "run" in shown.out
    assert (nntc("conformance").code, nntc("conformance").err) == (2, shown.out)
    wrong = nntc("conformance", "prove")
    assert wrong.code == 2
    assert "No such command 'prove'" in wrong.err


def test_an_option_that_the_group_has_not(nntc: Command) -> None:
    wrong = nntc("--fast")
    assert wrong.code == 2
    assert "No such option '--fast'" in wrong.err

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nntc.delivery.check import refusal, words_of
from nntc.errors import DeliveryError

PYTHON = sys.executable


def run(code: str, seconds: float = 60) -> str | None:
    return refusal(f"'{PYTHON}' -c '{code}' {{model}}", Path("a model.onnx"), seconds)


def test_words_are_those_of_a_shell_and_the_model_is_one_of_them() -> None:
    assert words_of("run 'it now' --model={model}") == ["run", "it now", "--model={model}"]
    assert run('import sys; assert sys.argv[1] == "a model.onnx"') is None
    for command in ("", "run", "run model"):
        with pytest.raises(ValueError, match=r"names no {model}"):
            words_of(command)


def test_what_refuses() -> None:
    assert run("exit(3)") == "the check ended with exit code 3"
    assert run("import os; os.kill(os.getpid(), 9)") == "the check was ended by signal 9"
    assert run("import time; time.sleep(60)", 0.2) == "the check takes longer than 0.2 seconds"


def test_functions_as_well() -> None:
    assert refusal(lambda path: path.name == "a", Path("a"), 1) is None
    assert refusal(lambda path: path.name == "a", Path("b"), 1) == "the check does not accept it"


def test_a_command_that_is_not_there_says_nothing_about_the_model() -> None:
    with pytest.raises(DeliveryError, match="E_CHECK: cannot run the check 'no-such-command'"):
        refusal("no-such-command {model}", Path("a"), 1)


def test_what_it_writes_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert run('print("seen")') is None
    found = capfd.readouterr()
    assert (found.out, found.err) == ("", "seen\n")

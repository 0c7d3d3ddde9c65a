"""The runner, run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nntc.conformance.main import main

from tests.conformance.running import ROOT, Outcome, Run


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs of this folder are started from the root of the repository."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return the runner: exit code, and what it writes on both outputs."""

    def call(*arguments: str | Path) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            sys.exit(main([str(argument) for argument in arguments], "run"))
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out + captured.err

    return call

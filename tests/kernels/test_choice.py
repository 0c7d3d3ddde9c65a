"""Choice of the kernels: by the environment, by what is built, for a while."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from nntc.kernels.choice import chosen, is_built, using

from .building import require_native


def run(named: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"NNTC_KERNELS": named}
    command = [sys.executable, "-m", "nntc.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_version_says_which_kernels_run() -> None:
    require_native()
    assert run("numpy", "--version").stdout.endswith("kernels numpy\n")
    assert ", kernels native (" in run("native", "--version").stdout
    assert run("native", "--version").stdout == run("", "--version").stdout


def test_a_name_that_is_none_is_one_line_and_no_traceback() -> None:
    found = run("fast", "--version")
    assert found.returncode == 1
    assert found.stderr == "nntc: E_EXTRA: NNTC_KERNELS is 'fast', and must be one of: numpy, native\n"


def test_kernels_run_for_a_while() -> None:
    before = chosen()
    with using("numpy"):
        assert chosen() == "numpy"
    assert chosen() == before
    with pytest.raises(ImportError, match="must be one of"), using("none"):
        pass


def test_without_an_extension_module_numpy_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("nntc.kernels.native._native", raising=False)
    monkeypatch.setitem(sys.modules, "nntc.kernels.native._native", None)
    is_built.cache_clear()
    try:
        assert not is_built()
        with pytest.raises(ImportError, match="C compiler"), using("native"):
            pass
    finally:
        is_built.cache_clear()


def test_an_extension_module_of_another_checkout_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    require_native()
    from nntc.kernels.native import _native

    monkeypatch.setattr(_native, "INTERFACE", 0)
    is_built.cache_clear()
    try:
        assert not is_built()
    finally:
        is_built.cache_clear()

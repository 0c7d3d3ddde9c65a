"""The commands have the options that are declared, and no heavy imports for it."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from nntc.cli.encode import encode
from nntc.cli.sweep import sweep
from nntc.encoder.options import Group, Options, declarations


def options_of(command: click.Command) -> dict[str, click.Option]:
    return {str(p.name): p for p in command.params if isinstance(p, click.Option)}


@pytest.mark.parametrize(("name", "declared"), list(declarations(Options)))
def test_encode_has_every_declared_option(name: str, declared: object) -> None:
    assert options_of(encode)[name].help == declared.help  # type: ignore[attr-defined]


def test_sweep_has_those_of_running() -> None:
    running = {name for name, declared in declarations(Options) if declared.group is Group.RUN}
    assert running
    assert running <= set(options_of(sweep))


def test_help_fits_80_columns_and_has_each_option_once() -> None:
    for command, first in ((encode, "\nHow:\n"), (sweep, "\nOptions:\n")):
        text = command.get_help(click.Context(command, terminal_width=80))
        assert max(map(len, text[text.index(first) :].splitlines())) <= 80
    text = encode.get_help(click.Context(encode, terminal_width=80))
    assert text.count("\n  --dask ADDRESS") == text.count("\n  -q, --quality DB") == 1


def test_help_imports_nothing_heavy() -> None:
    code = "import nntc.cli.encode, nntc.cli.sweep, sys; print({'numpy', 'scipy', 'onnx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

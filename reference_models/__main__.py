"""The command `python -m reference_models`: train, measure, export."""

from __future__ import annotations

import sys

import click
from nntc.errors import NntcError

from reference_models.commands import export, measure, record, sheet, train


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def group() -> None:
    """Train the networks of the reference models, measure them, write them as ONNX."""


for command in (train.train, measure.measure, record.record, sheet.sheet, export.export):
    group.add_command(command)


def main() -> None:
    """Run the command; 1 is the exit code for an input that cannot be used."""
    try:
        group(prog_name="python -m reference_models")
    except NntcError as e:
        click.echo(f"reference_models: {e}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

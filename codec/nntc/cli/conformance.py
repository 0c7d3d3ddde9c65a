"""`nntc conformance`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntc.cli.arguments import input_file, json_option
from nntc.cli.output import show_json

if TYPE_CHECKING:
    from nntc.conformance.check import CheckResult


@click.group()
def conformance() -> None:
    """Check decoders and encoders of the format."""


@conformance.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    short_help="Run the conformance vectors against any decoder.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the conformance vectors against any decoder.

    Options are those of `conformance/run.py`, which works without click.
    """
    from nntc.conformance.main import main

    context.exit(main(arguments, context.command_path))


@conformance.command()
@click.argument("source", metavar="FILE.nntc", callback=input_file)
@json_option
@click.pass_context
def check(context: click.Context, source: Path, as_json: bool) -> None:
    """Check a file that any encoder has written.

    Decodes everything, keeps nothing, and says which requirements of SPEC.md the encoder has broken, and
    what it could do better. Exit code 0 means that none is broken.

    \b
    Example:
      nntc conformance check model.nntc --json
    """  # noqa: D301 - \b tells click to keep the lines below it
    from nntc.conformance.check import check

    result = check(source)
    if as_json:
        show_json({"file": str(source), "conforms": result.conforms, **asdict(result)})
    else:
        _show(result, source)
    context.exit(0 if result.conforms else 1)


def _show(result: CheckResult, source: Path) -> None:
    verdict = "conforms" if result.conforms else "does not conform"
    click.echo(f"{source}: {verdict}")
    if result.profile is not None and result.memory_bound is not None:
        click.echo(
            f"format {result.version}, profile {result.profile}; decoding needs at most "
            f"{result.memory_bound / 2**20:,.0f} MiB of memory"
        )
    if result.output is not None:
        needs = ", ".join(result.needs) or "nothing"
        click.echo(f"{result.size:,} bytes, {result.output:,} decoded; of Main alone it uses {needs}")
    for finding in result.findings:
        place = "" if finding.offset is None else f" @ {finding.offset}"
        name = (finding.id or finding.requirement or "") + place
        click.echo(f"{finding.level}: {name.strip()}: {finding.text}")

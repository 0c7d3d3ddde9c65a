"""Options of commands that are made with click: the checks of `nntc.cli.arguments` as its callbacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nntc.cli import arguments, streams

T = TypeVar("T", bound=Callable[..., Any])
R = TypeVar("R")
_Callback = Callable[[click.Context, click.Parameter, str | None], R | None]


def callback(check: Callable[[str], R]) -> _Callback[R]:
    """Return a check as a callback of click, which lets an option that is not given be None."""

    def checked(_context: click.Context, _parameter: click.Parameter, value: str | None) -> R | None:
        try:
            return None if value is None else check(value)
        except ValueError as e:
            raise click.BadParameter(f"{e}.") from e

    return checked


input_file = callback(arguments.input_file)
samples_path = callback(arguments.samples_path)
output_file = callback(arguments.output_file)
output_or_stream = callback(streams.output_or_stream)
size = callback(arguments.size)


def refuse_same(source: Path, target: Path) -> None:
    """Fail as wrong usage where output would replace input."""
    try:
        arguments.check_not_same(source, target)
    except ValueError as e:
        raise click.UsageError(f"{e}.") from e


class Sectioned(click.Command):
    """A command whose help lists options under headings.

    Parameters
    ----------
    sections
        Heading -> names of the options below it; others come last, under "Options".
    """

    def __init__(self, *args: Any, sections: dict[str, tuple[str, ...]], **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options' help."""
        options = [p for p in self.get_params(ctx) if isinstance(p, click.Option)]
        lines = {option.name: option.get_help_record(ctx) for option in options}
        listed = {name for names in self.sections.values() for name in names}
        rest = tuple(str(name) for name in lines if name not in listed)
        for heading, names in {**self.sections, "Options": rest}.items():
            records = [record for name in names if (record := lines.get(name)) is not None]
            with formatter.section(heading):
                formatter.write_dl(records)


def follow_links_option(command: T) -> T:
    """Add --follow-links."""
    return click.option("--follow-links", is_flag=True, help=arguments.FOLLOW_LINKS)(command)


def json_option(command: T) -> T:
    """Add --json."""
    option = click.option("--json", "as_json", is_flag=True, help="Write the result as JSON, for programs.")
    return option(command)

"""Arguments and options that several commands take."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

T = TypeVar("T", bound=Callable[..., Any])

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def input_file(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    """Return the path of a regular file that can be opened; a callback of click.

    Input is read at several places at once, so it cannot be a stream.
    """
    if value is None:
        return None
    if value == "-":
        raise click.BadParameter("standard input will not do; name a file ('./-' for one of that name).")
    path = Path(value)
    if path.is_dir():
        raise click.BadParameter(f"'{value}' is a folder.")
    if path.exists() and not path.is_file():
        raise click.BadParameter(f"'{value}' is not a regular file; save the stream to a file first.")
    try:
        with path.open("rb"):
            pass
    except OSError as e:
        raise click.BadParameter(f"cannot open '{value}': {e.strerror}.") from e
    return path


def samples_path(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    """Return the path of a file or folder of samples that can be opened; a callback of click."""
    if value is not None and Path(value).is_dir():
        return Path(value)
    return input_file(_context, _parameter, value)


def output_file(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Path | None:
    """Return the path of a file that may be written; a callback of click.

    Output appears only when it is complete, so it cannot be a stream.
    """
    if value is None:
        return None
    if value == "-":
        raise click.BadParameter("standard output will not do; name a file ('./-' for one of that name).")
    path = Path(value)
    if path.is_dir():
        raise click.BadParameter(f"'{value}' is a folder.")
    if path.exists() and not path.is_file():
        raise click.BadParameter(f"'{value}' is not a regular file.")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder '{path.parent}'.")
    return path


def size(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    """Return a number of bytes written as 1500000, 1500k, 1.5M or 2MiB; a callback of click."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]?|[KMG]i)B?", value)
    if match is None:
        raise click.BadParameter(f"'{value}' is no size; write for example 1500000, 1500k, 1.5M or 2MiB.")
    return round(float(match[1]) * _UNITS[match[2]])


def refuse_same(source: Path, target: Path) -> None:
    """Fail as wrong usage where output would replace input."""
    if target.exists() and source.samefile(target):
        raise click.UsageError(f"'{target}' is the input; name another output.")


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


def jobs_option(command: T) -> T:
    """Add --jobs."""
    option = click.option(
        "-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
        help="Threads to use. Never changes the result.",
    )  # fmt: skip
    return option(command)


def memory_option(command: T) -> T:
    """Add --max-memory."""
    option = click.option(
        "--max-memory", callback=size, metavar="SIZE",
        help="Refuse a file that may need more memory than this to decode, such as 512MiB.",
    )  # fmt: skip
    return option(command)


def json_option(command: T) -> T:
    """Add --json."""
    option = click.option("--json", "as_json", is_flag=True, help="Write the result as JSON, for programs.")
    return option(command)

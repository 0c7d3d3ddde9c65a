"""Options of commands that are options of the encoder: made from where these are declared."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields
from enum import StrEnum
from typing import Any, TypeVar

import click

from nntc.cli.options import input_file, samples_path, size
from nntc.encoder.options import Declaration, Group, Options, check_options, declarations

T = TypeVar("T", bound=Callable[..., Any])

_DEFAULTS = {field.name: field.default for field in fields(Options)}


def names_in(*groups: Group) -> list[str]:
    """Return the names of the options under some headings, in order."""
    return [name for name, declared in declarations(Options) if declared.group in groups]


def declared_options(*groups: Group) -> Callable[[T], T]:
    """Return a decorator that adds the options under some headings to a command."""

    def add(command: T) -> T:
        for name, declared in reversed(list(declarations(Options))):
            if declared.group in groups:
                command = _option(name, declared)(command)
        return command

    return add


def refuse_wrong(chosen: dict[str, Any], besides: Collection[str]) -> None:
    """Fail as wrong usage where options do not go together.

    Parameters
    ----------
    chosen
        Options of a command by name.
    besides
        Names of those that are not the encoder's.
    """
    try:
        check_options(**{name: value for name, value in chosen.items() if name not in besides})
    except ValueError as e:
        raise click.UsageError(f"{e}.") from e


def _option(name: str, declared: Declaration) -> Callable[[T], T]:
    default = _DEFAULTS[name]
    flag = "--" + name.replace("_", "-")
    how: dict[str, Any] = {}
    if name == "jobs":  # an executor, for programs
        how = {"type": click.IntRange(min=1), "default": 1, "show_default": True}
    elif declared.kind is bool and default is None:
        flag, how = f"{flag}/--no-{name.replace('_', '-')}", {"default": None}
    elif declared.kind is bool:
        how = {"is_flag": True}
    elif declared.is_size:
        how = {"callback": size}
    elif declared.group is Group.UPDATE:
        how = {"callback": input_file}
    elif declared.group is Group.SAMPLES:
        how = {"callback": samples_path}
    elif isinstance(default, tuple):
        how = {"multiple": True}
    elif declared.kind is not None and issubclass(declared.kind, StrEnum):
        how = {"type": click.Choice([str(choice.value) for choice in declared.kind])}
    elif declared.kind is float:
        how = {"type": float}
    flags = [declared.short, flag] if declared.short else [flag]
    return click.option(*flags, help=declared.help, metavar=declared.metavar or None, **how)

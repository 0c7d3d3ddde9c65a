"""Arguments and options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

T = TypeVar("T", bound=Callable[..., Any])

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)

_RECIPES = Path(__file__).resolve().parents[1] / "recipes"


def _recipe(_context: click.Context, _parameter: click.Parameter, value: str) -> Path:
    """Return the path of a recipe given by path, or by name if it comes along."""
    known = _RECIPES / f"{value}.toml"
    path = known if known.is_file() else Path(value)
    if not path.is_file():
        names = ", ".join(sorted(each.stem for each in _RECIPES.glob("*.toml")))
        raise click.BadParameter(f"there is no recipe '{value}'; those that come along are {names}.")
    return path


def recipe_argument(command: T) -> T:
    """Add RECIPE."""
    return click.argument("recipe", callback=_recipe)(command)


def data_option(command: T) -> T:
    """Add --data."""
    return click.option(
        "--data", type=click.Path(exists=True, path_type=Path), help="Folder or file of the data set."
    )(command)


def threads_option(command: T) -> T:
    """Add --threads."""
    return click.option(
        "--threads", type=click.IntRange(min=1), default=1, show_default=True,
        help="Of the CPU. Another number gives another result, as sums round differently.",
    )(command)  # fmt: skip

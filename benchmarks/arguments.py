"""Command line arguments that the benchmarks share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option `--data`; a module's docstring is its help."""
    result = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--data", type=Path, help="folder with models/ and imagenet/ (default: NNTC_DATA)")
    return result


def path_or_environment(argument: Path | None, option: str, variable: str) -> Path:
    """Return an option's path, else that in an environment variable, else exit with a message."""
    if argument is not None:
        return argument
    if variable in os.environ:
        return Path(os.environ[variable])
    raise SystemExit(f"give {option} or set {variable}")


def data_folder(arguments: argparse.Namespace) -> Path:
    """Return the data folder: `--data`, else environment variable NNTC_DATA."""
    return path_or_environment(arguments.data, "--data", "NNTC_DATA")

"""What commands show: tables for people, JSON for programs, progress on a terminal."""

from __future__ import annotations

import io
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_PATIENCE = 0.5  # seconds before a bar appears
_WIDTH_IN_FILES = 160  # columns of a table that does not go to a terminal


def say(text: str = "", *, err: bool = False) -> None:
    """Write lines to standard output, or to standard error."""
    (sys.stderr if err else sys.stdout).write(text + "\n")


def show_json(value: dict[str, Any]) -> None:
    """Write one JSON object to standard output; numbers that JSON has not become null."""
    sys.stdout.write(json_text(value))


def json_text(value: dict[str, Any]) -> str:
    """Return one JSON object and the end of its line; numbers that JSON has not become null."""
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> None:
    """Write a table to standard output.

    Parameters
    ----------
    title
        Line above it; may be empty.
    columns
        Headings.
    rows
        Cells.
    left
        How many columns are text, and so flush left; the others are numbers.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        if number < left:
            table.add_column(column, overflow="fold")
        else:
            table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if title:
        say(title)
    if sys.stdout.isatty():
        Console().print(table)
    else:
        console = Console(file=io.StringIO(), width=_WIDTH_IN_FILES)
        with console.capture() as capture:
            console.print(table)
        say("\n".join(line.rstrip() for line in capture.get().splitlines()))


@contextmanager
def progress(what: str) -> Iterator[Bar | None]:
    """Give a callback that draws a bar on standard error once work takes long; None off a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Bar(what)
    try:
        yield bar
    finally:
        bar.close()


class Bar:
    """A progress bar that comes late and leaves nothing behind; called with steps done and steps in all."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._since = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def say(self, what: str) -> None:
        """Say what is being done."""
        self._what = what
        if self._bar is not None:
            self._bar.update(self._task, description=what)

    def __call__(self, done: int, total: int) -> None:
        """Draw, once work takes long."""
        if self._bar is None:
            if time.monotonic() - self._since < _PATIENCE:
                return
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._what, total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def error_text(error: float | None) -> str:
    """Return a relative error for people."""
    if error is None or math.isnan(error):
        return "?"
    return "exact" if error == 0 else f"{error:.2%}"


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape for people."""
    return "x".join(map(str, shape)) or "scalar"

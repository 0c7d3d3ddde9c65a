"""Progress of training: a bar on a terminal, a line now and then elsewhere; all on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

_BETWEEN_LINES = 30.0  # seconds
_BETWEEN_UPDATES = 0.5


class TrainingProgress:
    """Shows stage, step, and each network's mean loss since it was last shown."""

    def __init__(self) -> None:
        self._bar = _bar() if sys.stderr.isatty() else None
        self._task = self._bar.add_task("", total=None) if self._bar else None
        self._shown = time.monotonic()
        self._sums: dict[str, Tensor] = {}
        self._steps = 0

    def __call__(self, stage: str, step: int, steps: int, losses: dict[str, Tensor]) -> None:
        """Count a step of a stage; losses are scalars."""
        self._sums = {name: self._sums.get(name, 0) + loss for name, loss in losses.items()}
        self._steps += 1
        patience = _BETWEEN_UPDATES if self._bar else _BETWEEN_LINES
        if step < steps and time.monotonic() - self._shown < patience:
            return
        means = "  ".join(f"{name} {float(total) / self._steps:.4f}" for name, total in self._sums.items())
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"{stage}  {means}", completed=step, total=steps)
        else:
            click.echo(f"{stage} {step}/{steps}  {means}", err=True)
        self._shown, self._sums, self._steps = time.monotonic(), {}, 0

    def __enter__(self) -> TrainingProgress:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)

"""Progress of work that takes long: events, and what receives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Phase(StrEnum):
    """What is being done."""

    READING = "reading samples"
    RUNNING = "running the original"
    QUANTIZING = "making integers"
    CALIBRATING = "calibrating"
    SENSITIVITY = "measuring sensitivity"
    ENCODING = "encoding"
    ASSEMBLING = "assembling the file"
    CHECKING = "checking"
    MEASURING = "measuring"
    SEARCHING = "searching"
    SWEEPING = "sweeping"
    DECODING = "decoding"
    TESTING = "testing"
    COMPARING = "comparing"
    DOWNLOADING = "downloading"


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """How far a phase of the work is.

    Parameters
    ----------
    phase
        What is being done.
    done, total
        Steps of this phase: 0 <= done <= total. A total of 0 means that nobody knows it.
    unit
        What a step is, such as `layer`; empty where steps are nothing that people would count.
    number, passes
        Which pass this is, from 1, and how many there are; 0 and 0 for a phase of one pass. `passes` alone is
        0 where nobody knows how many there will be, as in a search.
    within
        The phase that this one is a part of, such as one try of a search; it ends later.
    note
        What else there is to know, such as what the search has come to.
    """

    phase: Phase
    done: int = 0
    total: int = 0
    unit: str = ""
    number: int = 0
    passes: int = 0
    within: ProgressEvent | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """The event for people, such as `calibrating 3/5, layer 12 of 26`."""
        parts = [self.phase.value]
        if self.passes > 1:
            parts[0] += f" {self.number}/{self.passes}"
        elif self.number and not self.passes:
            parts.append(f"try {self.number}")
        if self.unit and self.total:
            # The step under way, not the last one that is done.
            parts.append(f"{self.unit} {min(self.done + 1, self.total):,} of {self.total:,}")
        if self.note:
            parts.append(self.note)
        own = ", ".join(parts)
        return own if self.within is None else f"{self.within.text}: {own}"


Progress = Callable[[ProgressEvent], None]
"""Called with an event when a phase begins (`done` is 0) and after each of its steps."""


def within(progress: Progress | None, outer: ProgressEvent) -> Progress | None:
    """Return what receives the events of a part of `outer`; None if nobody listens.

    Parameters
    ----------
    progress
        What receives the events of `outer`.
    outer
        The phase that is the whole.
    """
    if progress is None:
        return None
    listener = progress

    def tell(event: ProgressEvent) -> None:
        inner = outer if event.within is None else replace(event.within, within=outer)
        listener(replace(event, within=inner))

    return tell


def as_phase(progress: Progress | None, phase: Phase) -> Progress | None:
    """Return what receives events and passes them on as those of another phase; None if nobody listens."""
    if progress is None:
        return None
    listener = progress
    return lambda event: listener(replace(event, phase=phase))


class Steps:
    """Counts the steps of a phase and reports them.

    Parameters
    ----------
    progress
        Who is told; None for nobody.
    phase, total, unit, number, passes
        See `ProgressEvent`.
    """

    def __init__(
        self,
        progress: Progress | None,
        phase: Phase,
        total: int = 0,
        unit: str = "",
        number: int = 0,
        passes: int = 0,
    ) -> None:
        self._progress = progress
        self._event = ProgressEvent(phase, 0, total, unit, number, passes)
        self._tell()

    def step(self, count: int = 1) -> None:
        """Report that more steps are done."""
        if self._progress is None:
            return
        event = self._event
        self._event = replace(event, done=event.done + count)
        self._tell()

    def through(self, items: Iterable[T]) -> Iterator[T]:
        """Yield items; each is a step, done when the next is asked for."""
        for item in items:
            yield item
            self.step()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._event)

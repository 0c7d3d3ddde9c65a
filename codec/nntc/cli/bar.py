"""A progress bar on standard error that comes late and leaves nothing behind."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from nntc.printable import printable
from nntc.progress import ProgressEvent

_PATIENCE = 0.5  # seconds before a bar appears
_INTERVAL = 0.1  # seconds between two drawings
_BAR = 20  # columns


@contextmanager
def progress() -> Iterator[Bar | None]:
    """Give a callback that draws a bar on standard error once work takes long; None off a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.close()


class Bar:
    """A line that says what is being done and how far it is; called with events of progress."""

    def __init__(self) -> None:
        self._drawn = 0
        self._next = time.monotonic() + _PATIENCE
        self._phase: object = None

    def __call__(self, event: ProgressEvent) -> None:
        """Draw, once work takes long and not too often; a new phase is drawn at once."""
        now = time.monotonic()
        phase = event.phase, event.number, event.within
        if now < self._next and (not self._drawn or phase == self._phase):
            return
        self._phase, self._next = phase, now + _INTERVAL
        width = shutil.get_terminal_size().columns - 1
        text = bar_text(event, width)
        # The rest of a longer line before is overwritten.
        sys.stderr.write("\r" + text.ljust(self._drawn)[: max(width, len(text))])
        sys.stderr.flush()
        self._drawn = len(text)

    def close(self) -> None:
        """Take the line away."""
        if self._drawn:
            sys.stderr.write("\r" + " " * self._drawn + "\r")
            sys.stderr.flush()
            self._drawn = 0


def bar_text(event: ProgressEvent, width: int) -> str:
    """Return an event as a line of at most `width` ASCII characters."""
    text = printable(event.text).encode("ascii", "replace").decode()
    if not event.total:
        return text[:width]
    share = event.done / event.total
    full = int(share * _BAR)
    bar = f" [{'#' * full}{' ' * (_BAR - full)}] {share:4.0%}"
    if len(text) + len(bar) > width:
        bar = f" {share:4.0%}"
    return text[: max(width - len(bar), 0)] + bar

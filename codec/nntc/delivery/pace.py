"""Pace of a download: not above one rate, not for long below another; and pauses between attempts."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from nntc.delivery.settings import Network

_BURST = 0.25
"""Seconds of the highest rate that may come at once."""


class SlowError(Exception):
    """Bytes come too slowly for too long."""


class Pace:
    """Of one download, over all its connections.

    Parameters
    ----------
    settings
        Rates, and the window that the lower one is measured over.
    clock, sleep
        Seconds that pass, and waiting for them.
    """

    def __init__(
        self,
        settings: Network,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._clock, self._sleep = settings, clock, sleep
        limit = settings.limit_rate
        self._least = settings.min_rate if limit is None else min(settings.min_rate, limit / 2)
        self._free = clock()
        self.begin()

    def begin(self) -> None:
        """Begin a connection: the window of the lower rate begins."""
        self._since, self._count = self._clock(), 0

    def took(self, count: int) -> None:
        """Note that bytes have come, and wait where they came too fast; SlowError where too slowly."""
        limit = self._settings.limit_rate
        if limit is not None:
            now = self._clock()
            self._free = max(self._free, now - _BURST) + count / limit
            if self._free > now:
                self._sleep(self._free - now)
        self._count += count
        passed = self._clock() - self._since
        if passed >= self._settings.window:
            if self._count < self._least * passed:
                raise SlowError(f"only {self._count / passed:,.0f} bytes come in a second")
            self.begin()


class Patience:
    """Attempts of one download: counts those that bring nothing, and waits between them.

    Parameters
    ----------
    settings
        Attempts and pauses.
    sleep, share
        Waiting for some seconds; a random number from 0 to 1.
    """

    def __init__(
        self,
        settings: Network,
        sleep: Callable[[float], None] = time.sleep,
        share: Callable[[], float] = random.random,
    ) -> None:
        self._settings, self._sleep, self._share = settings, sleep, share
        self.failed = 0
        """Attempts in a row that have brought nothing."""

    @property
    def is_over(self) -> bool:
        """Whether there are no more attempts."""
        return self.failed >= self._settings.attempts

    def wait(self, *, gained: bool, asked: float | None = None) -> None:
        """Wait before the next attempt.

        Parameters
        ----------
        gained
            Whether the last one has brought anything.
        asked
            Seconds that the server asks to be left alone for; at most the longest pause.
        """
        self.failed = 0 if gained else self.failed + 1
        if self.is_over:
            return
        longest = self._settings.longest_pause
        pause = min(self._settings.pause * 2 ** max(self.failed - 1, 0), longest) * (1 - self._share() / 2)
        self._sleep(max(pause, min(asked or 0.0, longest)))

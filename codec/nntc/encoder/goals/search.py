"""Find the smallest file that meets a goal: a search over one number by a measure that is noisy.

The number is a quality in decibels. A logarithm of what coding spoils falls about linearly with it, so that
the secant through two tries points close to where the goal is just met; the bracket is halved where that
gains little, as in the methods of Dekker and Brent. Only what a try measured itself decides whether it meets
the goal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

MAX_TRIES = 16
_CLOSE = 0.3  # dB, a twentieth of a bit per weight
_SAME_SIZE = 1.015  # of each other
_FIRST_STEP = 0.5  # dB
_LONGEST_STEP = 16.0  # dB, for the first step: a logarithm far from the goal says little
_SLOPES = 3.0  # how much steeper or flatter than expected two tries may say that it is


class Outcome(Protocol):
    """What a try came to."""

    @property
    def quality(self) -> float:
        """What was tried, dB."""

    @property
    def size(self) -> int:
        """Bytes of the file."""

    @property
    def excess(self) -> float:
        """Logarithm of what coding spoils over what it may; zero or below meets the goal."""


T = TypeVar("T", bound=Outcome)


@dataclass(frozen=True, slots=True)
class Span:
    """Where to look.

    Parameters
    ----------
    low, high
        Least and greatest quality, dB.
    start
        Quality to try first.
    slope
        By how much a decibel more lowers the excess, about; positive.
    """

    low: float
    high: float
    start: float
    slope: float


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """All tries in order, and the smallest that met the goal, if one did."""

    best: T | None
    tries: tuple[T, ...]


def search(attempt: Callable[[float], T], span: Span) -> Found[T]:
    """Return the smallest try that meets the goal.

    Parameters
    ----------
    attempt
        Makes a file at a quality and measures it; called at most `MAX_TRIES` times, never twice alike.

    Returns
    -------
    No best one only if the highest quality does not meet the goal.
    """
    tries: list[T] = []
    quality: float | None = min(max(span.start, span.low), span.high)
    while quality is not None and len(tries) < MAX_TRIES:
        tries.append(attempt(quality))
        quality = _next(tries, span)
    meeting = [t for t in tries if t.excess <= 0]
    return Found(min(meeting, key=lambda t: t.size) if meeting else None, tuple(tries))


def _next(tries: list[T], span: Span) -> float | None:
    """Return the quality to try next, or None if nothing is to be gained."""
    passed = min((t for t in tries if t.excess <= 0), key=lambda t: t.quality, default=None)
    failed = max(
        (t for t in tries if t.excess > 0 and (passed is None or t.quality < passed.quality)),
        key=lambda t: t.quality,
        default=None,
    )
    slope = _slope(tries, span)
    if passed is None:
        return _outwards(tries, span, slope, 1) if failed and failed.quality < span.high else None
    if passed.quality <= span.low or -passed.excess <= _CLOSE * min(slope, span.slope):
        return None
    if failed is None:
        return _outwards(tries, span, slope, -1)
    gap = passed.quality - failed.quality
    if gap <= _CLOSE or passed.size <= _SAME_SIZE * failed.size:
        return None
    return failed.quality + gap * _share(tries, passed.excess, failed.excess, slope)


def _share(tries: list[T], passed: float, failed: float, slope: float) -> float:
    """Return where between the bracket's ends to try next, 0 at the lower."""
    sides = [t.excess <= 0 for t in tries[-2:]]
    if len(tries) > 2 and sides[0] == sides[1]:
        return 0.5
    # Half the closeness above the crossing: a try that just meets the goal ends the search.
    share = (failed + _CLOSE * slope / 2) / (failed - passed)
    return min(max(share, 0.1), 0.9)


def _outwards(tries: list[T], span: Span, slope: float, sign: int) -> float:
    """Return a quality beyond all tries, in ever longer steps, as far away as the goal seems to be."""
    last = tries[-1]
    shortest = _FIRST_STEP * 2.0 ** len(tries)
    step = max(min(abs(last.excess) / slope + _CLOSE / 2, _LONGEST_STEP / len(tries)), shortest)
    return min(max(last.quality + sign * step, span.low), span.high)


def _slope(tries: list[T], span: Span) -> float:
    """Return by how much a decibel lowers the excess, from the last two tries where they can tell."""
    if len(tries) < 2:
        return span.slope
    (a, b) = tries[-2:]
    seen = (a.excess - b.excess) / (b.quality - a.quality)
    return min(max(seen, span.slope / _SLOPES), span.slope * _SLOPES)

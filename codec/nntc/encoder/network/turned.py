"""Answers that coding turns: how often it does, told from margins rather than by counting.

A network answers rightly, or as it did before, while what speaks for that answer has a margin over what
speaks for the next one. Coding moves margins; an answer turns where it moves one past zero. Few answers turn,
and how many do in a sample is mostly chance; but all show what margins there are, and many how far coding
moves them. The share to expect is the chance that a movement, drawn from those of the answers with little
margin, is larger than a margin: P(stress > strength) of Church and Harris, "The Estimation of Reliability
from Stress-Strength Relationships", 1970, by the samples' own distributions. Where many turn, counting tells
more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NEAR = 3
"""One in so many answers is near to turning: movements of others are larger, as they have larger outputs."""
_FEWEST_NEAR = 8
_PRIOR = 0.5
"""Of an answer, counted before any is (Jeffreys)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Share of answers that turn.

    Parameters
    ----------
    value
        To be expected, 0 to 1.
    uncertainty
        Relative standard deviation of `value`, above 0.
    answers
        How many independent ones it is told from; at least 1.
    """

    value: float
    uncertainty: float
    answers: int


@dataclass(frozen=True, slots=True)
class Turned:
    """Answers that are lost, and those that are gained."""

    lost: Rate
    gained: Rate


class Margins:
    """Margins of answers before and after coding, batch by batch."""

    def __init__(self) -> None:
        self._graded: list[tuple[Floats, Floats]] = []
        self._shares: list[tuple[Floats, Floats]] = []  # lost and gained of each sample
        self._answers = 0
        self._is_graded = True

    def add(self, before: Floats, after: Floats, samples: int, *, is_graded: bool = True) -> None:
        """Add the answers of a batch.

        Parameters
        ----------
        before, after
            Margins, float64 (answers,): above zero if the answer is as wanted; what is no number is not.
        samples
            How many samples the batch has.
        is_graded
            Whether margins tell distances, and not yes and no alone.
        """
        if not before.size:
            return
        before, after = (np.where(np.isnan(margins), -np.inf, margins) for margins in (before, after))
        was, still = before > 0, after > 0
        parts = samples if before.size % samples == 0 else 1
        self._shares.append(
            ((was & ~still).reshape(parts, -1).mean(axis=1), (~was & still).reshape(parts, -1).mean(axis=1))
        )
        self._answers += before.size
        self._is_graded = self._is_graded and is_graded and before.size <= samples
        if self._is_graded:
            self._graded.append((before, after))
        else:
            self._graded.clear()

    def turned(self) -> Turned | None:
        """Return how many answers turn; None if there are none."""
        if not self._shares:
            return None
        counted = [_counted(np.concatenate(each), self._answers) for each in zip(*self._shares, strict=True)]
        if not self._is_graded:
            return Turned(*counted)
        before, after = (np.concatenate(margins) for margins in zip(*self._graded, strict=True))
        right = before > 0
        with np.errstate(invalid="ignore"):
            moved = np.where(before == after, 0.0, before - after)  # infinite ones, too
        expected = (
            _expected(before[right], moved[right], before.size),
            _expected(-before[~right], -moved[~right], before.size),
        )
        return Turned(
            *(min(pair, key=lambda rate: rate.uncertainty) for pair in zip(expected, counted, strict=True))
        )


def _counted(shares: Floats, answers: int) -> Rate:
    """Return a rate from the shares of samples of several answers each, which may turn together."""
    value, variance = float(shares.mean()), float(shares.var())
    independent = shares.size
    if variance > 0:
        alike = value * (1 - value) / variance
        independent = int(min(max(shares.size * alike, shares.size), answers))
    counted = value * independent + _PRIOR
    return Rate(min(counted / independent, 1.0), 1 / math.sqrt(counted), independent)


def _expected(margins: Floats, moved: Floats, answers: int) -> Rate:
    """Return the rate, in all `answers`, at which movements are larger than margins.

    Parameters
    ----------
    margins
        At least 0, float64 (some answers,).
    moved
        By how much coding makes each of them smaller.
    """
    count = margins.size
    if not count:
        return Rate(0.0, 1.0, answers)
    order = np.argsort(margins, kind="stable")
    margins, moved = margins[order], moved[order]
    near = moved[: max(count // _NEAR, min(count, _FEWEST_NEAR))]
    # How margins are distributed, linear between some of them: of a single smallest one chance is too large.
    stride = math.isqrt(count - 1) + 1
    ranks = np.append(np.arange(stride, count, stride), count)
    finite = np.nan_to_num(margins[ranks - 1], posinf=np.finfo(np.float64).max)
    chances = np.interp(np.maximum(near, 0), np.append(0, finite), np.append(0, ranks / count))
    value = float(chances.mean())
    variance = 1 / max(stride, count * value)
    variance += float(chances.var()) / value**2 / near.size if value > 0 else 1.0
    return Rate(value * count / answers, math.sqrt(variance), answers)

"""What a user asks of the decoded network's answers, and what came of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from nntc.encoder.goals.fidelity import Fidelity, Metric, Share
from nntc.errors import ModelError

_PER_DECIBEL = math.log(10) / 10
_LEAST = 1e-12  # nats or relative squared error; less is rounding
_HALF = 0.5  # of an answer: keeps the logarithm of none finite


class GoalKind(StrEnum):
    """Name of a goal, as the option of `nntc.encode`."""

    MAX_DIVERGENCE = "max_divergence"
    MIN_AGREEMENT = "min_agreement"
    MAX_DROP = "max_drop"


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit on what coding may spoil.

    Parameters
    ----------
    kind, limit
        `max_divergence`: nats or relative squared error, above 0. `min_agreement`: share of answers, 0 to 1.
        `max_drop`: percentage points of accuracy, 0 to 100.
    metric
        The accuracy that `max_drop` is about.
    """

    kind: GoalKind
    limit: float
    metric: Metric = Metric.TOP1

    @property
    def is_smooth(self) -> bool:
        """Whether what is measured is no count."""
        return self.kind is GoalKind.MAX_DIVERGENCE

    @property
    def slope(self) -> float:
        """By how much a decibel of quality lowers `excess`, about.

        A divergence grows with the power of the noise, the answers that change with its amplitude.
        """
        return _PER_DECIBEL if self.is_smooth else _PER_DECIBEL / 2

    def value(self, fidelity: Fidelity) -> float:
        """Return what was reached, in the unit of the limit."""
        if self.kind is GoalKind.MAX_DIVERGENCE:
            return fidelity.divergence
        if self.kind is GoalKind.MIN_AGREEMENT:
            return _known(fidelity.agreement).value
        before, after = self.accuracies(fidelity)
        return 100 * (before.count - after.count) / after.total

    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of what was spoilt over what may be; zero or below meets the goal."""
        if self.kind is GoalKind.MAX_DIVERGENCE:
            return math.log(max(fidelity.divergence, _LEAST) / self.limit)
        if self.kind is GoalKind.MIN_AGREEMENT:
            agreement = _known(fidelity.agreement)
            total, spoilt = agreement.total, agreement.total - agreement.count
            allowed = (1 - self.limit) * total
        else:
            before, after = self.accuracies(fidelity)
            total, spoilt = after.total, max(before.count - after.count, 0)
            allowed = self.limit / 100 * total
        # A limit that is no binary fraction still allows the whole answers it names.
        return math.log((spoilt + _HALF) / (math.floor(allowed + 1e-6) + _HALF))

    def accuracies(self, fidelity: Fidelity) -> tuple[Share, Share]:
        """Return the accuracies before and after, for `max_drop`."""
        if self.metric is Metric.TOP1:
            return _known(fidelity.original_top1), _known(fidelity.top1)
        return _known(fidelity.original_top5), _known(fidelity.top5)

    def describe(self, fidelity: Fidelity) -> str:
        """Return the value reached for people, with its confidence interval where it has one."""
        value = self.value(fidelity)
        if self.kind is GoalKind.MAX_DIVERGENCE:
            return f"{fidelity.measure} {value:.3g}"
        if self.kind is GoalKind.MIN_AGREEMENT:
            return f"same top answer {_known(fidelity.agreement).text}"
        before, after = self.accuracies(fidelity)
        side = "above" if value < 0 else "below"
        return f"{self.metric} {after.text}, {abs(value):.2f} points {side} {before.value:.2%}"

    def value_text(self, fidelity: Fidelity) -> str:
        """Return the value reached alone."""
        value = self.value(fidelity)
        if self.kind is GoalKind.MAX_DIVERGENCE:
            return f"{value:.3g}"
        return f"{value:.2%}" if self.kind is GoalKind.MIN_AGREEMENT else f"{value:.2f} points"

    @property
    def axis(self) -> str:
        """What a curve of the values shows."""
        if self.kind is GoalKind.MAX_DIVERGENCE:
            return "divergence of the outputs"
        if self.kind is GoalKind.MIN_AGREEMENT:
            return "same top answer"
        return f"points of {self.metric} lost"

    @property
    def text(self) -> str:
        """The goal for people."""
        if self.kind is GoalKind.MAX_DIVERGENCE:
            return f"divergence at most {self.limit:g}"
        if self.kind is GoalKind.MIN_AGREEMENT:
            return f"same top answer at least {100 * self.limit:.4g}%"
        return f"{self.metric} at most {self.limit:g} points lower"


@dataclass(frozen=True, slots=True)
class GoalTry:
    """An encoding that the search made.

    Parameters
    ----------
    quality
        dB, as the option `quality`.
    size
        Bytes of the file.
    fidelity
        How alike the decoded network answers.
    value
        The same in the unit of the goal.
    excess
        Logarithm of what was spoilt over what may be; zero or below meets the goal.
    """

    quality: float
    size: int
    fidelity: Fidelity
    value: float
    excess: float

    @property
    def is_met(self) -> bool:
        """Whether it meets the goal."""
        return self.excess <= 0


@dataclass(frozen=True, slots=True)
class GoalReport:
    """What a search for a goal came to.

    Parameters
    ----------
    goal
        What was asked.
    reached
        The try that was kept.
    tries
        All tries, in order.
    measured_on
        Which samples: `evaluation`, or `held-out calibration`.
    """

    goal: Goal
    reached: GoalTry
    tries: tuple[GoalTry, ...]
    measured_on: str

    @property
    def text(self) -> str:
        """What was reached, on what, for people."""
        fidelity = self.reached.fidelity
        return f"{self.goal.describe(fidelity)}, on {fidelity.samples:,} {self.measured_on} samples"


def _known(share: Share | None) -> Share:
    if share is None:
        raise ModelError("E_GOAL", "the model's outputs name no classes that could agree")
    return share

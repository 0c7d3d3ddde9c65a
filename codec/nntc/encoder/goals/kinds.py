"""Kinds of goals, and the one list of them. A new kind is a class here and an option of its name."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nntc.encoder.goals.fidelity import Fidelity, Share
from nntc.encoder.goals.goal import PER_DECIBEL, Goal
from nntc.errors import ModelError

_LEAST = 1e-12  # nats or relative squared error; less is rounding
_HALF = 0.5  # of an answer: keeps the logarithm of none finite


@dataclass(frozen=True)
class MaxDivergence(Goal):
    """Outputs that differ by at most so much: nats, or relative squared error; above 0."""

    kind: str = field(init=False, default="max_divergence")
    is_smooth = True
    slope = PER_DECIBEL

    @property
    def axis(self) -> str:
        """What a curve of the values shows."""
        return "divergence of the outputs"

    @property
    def text(self) -> str:
        """The goal for people."""
        return f"divergence at most {self.limit:g}"

    def value(self, fidelity: Fidelity) -> float:
        """Return the divergence."""
        return fidelity.divergence

    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of the divergence over the limit."""
        return math.log(max(fidelity.divergence, _LEAST) / self.limit)

    def describe(self, fidelity: Fidelity) -> str:
        """Return the divergence and what it is measured as."""
        return f"{fidelity.measure} {self.value_text(fidelity)}"

    def value_text(self, fidelity: Fidelity) -> str:
        """Return the divergence alone."""
        return f"{self.value(fidelity):.3g}"


class _Counted(Goal):
    """A goal about counted outputs: spoilt ones, of which some are allowed."""

    is_smooth = False
    slope = PER_DECIBEL / 2

    def _excess(self, spoilt: int, allowed: float) -> float:
        # A limit that is no binary fraction still allows the whole answers it names.
        return math.log((spoilt + _HALF) / (math.floor(allowed + 1e-6) + _HALF))


@dataclass(frozen=True)
class MinAgreement(_Counted):
    """A share of top answers that stay the same: above 0, up to 1."""

    kind: str = field(init=False, default="min_agreement")
    scale = 100.0
    unit = "%"
    needs_classes = True

    @property
    def axis(self) -> str:
        """What a curve of the values shows."""
        return "same top answer"

    @property
    def text(self) -> str:
        """The goal for people."""
        return f"same top answer at least {100 * self.limit:.4g}%"

    def value(self, fidelity: Fidelity) -> float:
        """Return the share, 0 to 1."""
        return _known(fidelity.agreement).value

    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of the answers that changed over those that may."""
        agreement = _known(fidelity.agreement)
        return self._excess(agreement.total - agreement.count, (1 - self.limit) * agreement.total)

    def describe(self, fidelity: Fidelity) -> str:
        """Return the share with its confidence interval."""
        return f"same top answer {_known(fidelity.agreement).text}"

    def value_text(self, fidelity: Fidelity) -> str:
        """Return the share alone."""
        return f"{self.value(fidelity):.2%}"


@dataclass(frozen=True)
class MaxDrop(_Counted):
    """Percentage points of accuracy that may be lost: 0 to 100."""

    kind: str = field(init=False, default="max_drop")
    needs_labels = True

    @property
    def axis(self) -> str:
        """What a curve of the values shows."""
        return f"points of {self.metric} lost"

    @property
    def text(self) -> str:
        """The goal for people."""
        return f"{self.metric} at most {self.limit:g} points lower"

    def value(self, fidelity: Fidelity) -> float:
        """Return the percentage points lost."""
        before, after = self._accuracies(fidelity)
        return 100 * (before.count - after.count) / after.total

    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of the right answers lost over those that may be."""
        before, after = self._accuracies(fidelity)
        return self._excess(max(before.count - after.count, 0), self.limit / 100 * after.total)

    def describe(self, fidelity: Fidelity) -> str:
        """Return the accuracy with its confidence interval, and how far it is from the original's."""
        before, after = self._accuracies(fidelity)
        value = self.value(fidelity)
        side = "above" if value < 0 else "below"
        return f"{self.metric} {after.text}, {abs(value):.2f} points {side} {before.value:.2%}"

    def value_text(self, fidelity: Fidelity) -> str:
        """Return the points lost alone."""
        return f"{self.value(fidelity):.2f} points"

    def _accuracies(self, fidelity: Fidelity) -> tuple[Share, Share]:
        """Return the accuracies before and after."""
        before, after = fidelity.accuracies(self.metric)
        return _known(before), _known(after)


GOALS: tuple[type[Goal], ...] = (MaxDivergence, MinAgreement, MaxDrop)


def _known(share: Share | None) -> Share:
    if share is None:
        raise ModelError("E_GOAL", "the model's outputs name no classes that could agree")
    return share

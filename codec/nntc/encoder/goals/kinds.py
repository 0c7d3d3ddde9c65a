"""Kinds of goals, and the one list of them. A new kind is a class here and an option of its name."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from nntc.encoder.goals.chance import answers_scale, divergence_factor
from nntc.encoder.goals.fidelity import Fidelity, Share
from nntc.encoder.goals.goal import PER_DECIBEL, Goal
from nntc.errors import ModelError

if TYPE_CHECKING:
    from nntc.encoder.network.turned import Turned

T = TypeVar("T")

_LEAST = 1e-12  # nats or relative squared error; less is rounding
_HALF = 0.5  # of an answer: keeps the logarithm of none finite


@dataclass(frozen=True)
class MaxDivergence(Goal):
    """Outputs that differ by at most so much: nats, or relative squared error; above 0."""

    kind: str = field(init=False, default="max_divergence")
    is_logarithmic = True
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

    def allowed(self, fidelity: Fidelity, more: int = 1) -> float:
        """Return the divergence that may be measured."""
        return self.limit / divergence_factor(fidelity.spread, more * fidelity.batches, self.confidence)

    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of the divergence over what may be measured."""
        return math.log(max(fidelity.divergence, _LEAST) / self.allowed(fidelity))

    def describe(self, fidelity: Fidelity) -> str:
        """Return the divergence and what it is measured as."""
        return f"{fidelity.measure} {self.value_text(fidelity.divergence)}"

    def value_text(self, value: float) -> str:
        """Return a divergence for people."""
        return f"{value:.3g}"


class _Counted(Goal):
    """A goal about answers: those that are spoilt, of which some are allowed."""

    is_logarithmic = False
    slope = PER_DECIBEL / 2

    @abstractmethod
    def turned(self, fidelity: Fidelity) -> Turned:
        """Return how many answers are to be expected to turn."""

    @property
    @abstractmethod
    def loss(self) -> float:
        """Share of answers that may be lost, 0 to 1."""

    @abstractmethod
    def spoilt(self, fidelity: Fidelity) -> tuple[int, int]:
        """Return how many answers are spoilt, and how many there are."""

    def scale(self, fidelity: Fidelity, more: int = 1) -> float:
        """Return by what factor the expected rates may grow."""
        return answers_scale(self.turned(fidelity), self.loss, self.confidence, more)

    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of the answers that turn over those that may, on these samples or others."""
        expected = -math.log(self.scale(fidelity))
        count, total = self.spoilt(fidelity)
        # A limit that is no binary fraction still allows the whole answers it names.
        counted = math.log((count + _HALF) / (math.floor(self.loss * total + 1e-6) + _HALF))
        return expected if counted <= 0 else max(expected, counted)


@dataclass(frozen=True)
class MinAgreement(_Counted):
    """A share of top answers that stay the same: above 0, up to 1."""

    kind: str = field(init=False, default="min_agreement")
    axis_scale = 100.0
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

    @property
    def loss(self) -> float:
        """Share of answers that may become another."""
        return 1 - self.limit

    def turned(self, fidelity: Fidelity) -> Turned:
        """Return how many answers are to be expected to become another."""
        return _known(fidelity.changed)

    def spoilt(self, fidelity: Fidelity) -> tuple[int, int]:
        """Return how many answers became another, of how many."""
        agreement = _known(fidelity.agreement)
        return agreement.total - agreement.count, agreement.total

    def value(self, fidelity: Fidelity) -> float:
        """Return the share, 0 to 1."""
        return _known(fidelity.agreement).value

    def allowed(self, fidelity: Fidelity, more: int = 1) -> float:
        """Return the share that may be expected."""
        return max(1 - self.turned(fidelity).lost.value * self.scale(fidelity, more), 0.0)

    def describe(self, fidelity: Fidelity) -> str:
        """Return the share with its confidence interval."""
        return f"same top answer {_known(fidelity.agreement).text}"

    def value_text(self, value: float) -> str:
        """Return a share for people."""
        return f"{value:.2%}"


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

    @property
    def loss(self) -> float:
        """Share of answers that may be lost, those gained taken off."""
        return self.limit / 100

    def turned(self, fidelity: Fidelity) -> Turned:
        """Return how many right answers are to be expected to be lost, and gained."""
        return _known(fidelity.turned.get(self.metric))

    def spoilt(self, fidelity: Fidelity) -> tuple[int, int]:
        """Return how many right answers there are less, of how many."""
        before, after = self._accuracies(fidelity)
        return max(before.count - after.count, 0), after.total

    def value(self, fidelity: Fidelity) -> float:
        """Return the percentage points lost."""
        before, after = self._accuracies(fidelity)
        return 100 * (before.count - after.count) / after.total

    def allowed(self, fidelity: Fidelity, more: int = 1) -> float:
        """Return the percentage points that may be expected to be lost."""
        turned = self.turned(fidelity)
        return 100 * (turned.lost.value - turned.gained.value) * self.scale(fidelity, more)

    def describe(self, fidelity: Fidelity) -> str:
        """Return the accuracy with its confidence interval, and how far it is from the original's."""
        before, after = self._accuracies(fidelity)
        value = self.value(fidelity)
        side = "above" if value < 0 else "below"
        return f"{self.metric} {after.text}, {abs(value):.2f} points {side} {before.value:.2%}"

    def value_text(self, value: float) -> str:
        """Return points for people."""
        return f"{value:.2f} points"

    def _accuracies(self, fidelity: Fidelity) -> tuple[Share, Share]:
        """Return the accuracies before and after."""
        before, after = fidelity.accuracies(self.metric)
        return _known(before), _known(after)


GOALS: tuple[type[Goal], ...] = (MaxDivergence, MinAgreement, MaxDrop)


def _known(value: T | None) -> T:
    if value is None:
        raise ModelError("E_GOAL", "the model's outputs name no classes that could agree")
    return value

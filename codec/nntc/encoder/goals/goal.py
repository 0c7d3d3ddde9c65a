"""Goal for the outputs of a decoded network: what a user asks, and what came of it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from nntc.encoder.goals.chance import others
from nntc.encoder.goals.fidelity import Fidelity, MeasuredOn, Metric

PER_DECIBEL = math.log(10) / 10
CONFIDENCE = 0.9
_MORE = 4
"""Times the samples, for what more of them would allow."""


@dataclass(frozen=True)
class Goal(ABC):
    """A limit on what coding may spoil.

    Parameters
    ----------
    limit
        See the kinds of goals.
    metric
        The accuracy that it is about, where it is about one.
    confidence
        That it is met on as many other samples (`nntc.encoder.goals.chance`), 0.5 to less than 1.
    """

    limit: float
    metric: Metric = Metric.TOP1
    confidence: float = CONFIDENCE
    kind: str = field(init=False, default="")
    """Name of the option that asks for it."""

    is_logarithmic: ClassVar[bool]
    """Whether values span powers of ten."""
    slope: ClassVar[float]
    """By how much a decibel of quality lowers `excess`, about: a divergence grows with the power of the
    noise, the number of answers that change with its amplitude."""
    axis_scale: ClassVar[float] = 1.0
    unit: ClassVar[str] = ""
    """Of values on an axis."""
    needs_labels: ClassVar[bool] = False
    needs_classes: ClassVar[bool] = False
    """Whether the model must be a classifier, even if its outputs do not look like scores of classes."""

    @property
    @abstractmethod
    def axis(self) -> str:
        """What a curve of the values shows."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The goal for people."""

    @abstractmethod
    def value(self, fidelity: Fidelity) -> float:
        """Return what was reached, in the unit of the limit."""

    @abstractmethod
    def excess(self, fidelity: Fidelity) -> float:
        """Return the logarithm of what is spoilt over what may be; zero or below meets the goal.

        It may be on as many other samples, and on these.
        """

    @abstractmethod
    def allowed(self, fidelity: Fidelity, more: int = 1) -> float:
        """Return the value that may be expected where the goal is just met, with `more` times the samples."""

    @abstractmethod
    def describe(self, fidelity: Fidelity) -> str:
        """Return the value reached for people, with its confidence interval where it has one."""

    @abstractmethod
    def value_text(self, value: float) -> str:
        """Return a value for people."""


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
    measured_on: MeasuredOn

    @property
    def text(self) -> str:
        """What was reached, on what, for people."""
        return f"{self.reached_text}, {self.reached.fidelity.on}"

    @property
    def reached_text(self) -> str:
        """What was reached, for people."""
        return self.goal.describe(self.reached.fidelity)

    @property
    def promise(self) -> str:
        """For which samples to come it is met how surely, and what more samples would allow, for people."""
        goal, fidelity = self.goal, self.reached.fidelity
        sure = f"{100 * goal.confidence:.4g}% confidence"
        held = f"holds for {others(fidelity.samples):,} other samples with {sure}"
        now, then = (goal.value_text(goal.allowed(fidelity, more)) for more in (1, _MORE))
        if now == then:
            return held
        return f"{held}; to be so sure, it aims at {now} (with {_MORE * fidelity.samples:,} samples: {then})"

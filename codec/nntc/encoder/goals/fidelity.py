"""Fidelity of a decoded network: divergence, the same top answer, accuracy on labelled samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntc.encoder.network.turned import Turned

CONFIDENCE = 0.95
_FAR_NATS, _FAR_ERROR = 1.0, 0.25
"""Beyond these divergences a network is as good as lost: a nat, or an error of half the outputs."""


class Metric(StrEnum):
    """Which accuracy a drop is one of."""

    TOP1 = "top1"
    TOP5 = "top5"

    @property
    def k(self) -> int:
        """Among how many of the highest scores the label must be."""
        return 1 if self is Metric.TOP1 else 5


class Measure(StrEnum):
    """What a divergence of outputs is measured as."""

    KL = "KL divergence in nats"
    SQUARED_ERROR = "relative squared error"
    MIXED = "mean over unlike outputs"


class MeasuredOn(StrEnum):
    """Samples that something was measured on."""

    EVALUATION = "evaluation"
    HELD_OUT = "held-out calibration"
    CALIBRATION = "calibration"


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion of answers.

    Parameters
    ----------
    value
        count / total, 0 to 1.
    count, total
        Answers for which it holds, and all.
    low, high
        95 % confidence interval of Wilson (1927), as if answers were drawn independently.
    """

    value: float
    count: int
    total: int
    low: float
    high: float

    @property
    def text(self) -> str:
        """Value and interval for people."""
        return f"{self.value:.2%} (95% interval {self.low:.2%} to {self.high:.2%})"


@dataclass(frozen=True, slots=True)
class Fidelity:
    """What became of a network's answers.

    Parameters
    ----------
    samples, measured_on
        Samples that were run, and which ones, for people.
    divergence, measure
        Mean over the samples, and what it is; see `nntc.encoder.network.divergence`.
    cosine
        Mean cosine of the angle between the outputs before and after, -1 to 1.
    agreement
        Decisions (the most probable class, yes or no, an integer) that are the original's; None where outputs
        decide nothing.
    top1, top5
        Answers with the label among the one or five highest scores; None without labels.
    original_top1, original_top5
        The same for the original network.
    not_finite
        Batches with an output that is not finite where the original's is.
    spread, batches
        Relative standard deviation of the divergence between so many batches.
    changed
        Top answers that become another, how many are to be expected; None where outputs decide nothing.
    turned
        Answers with the label among the highest scores that are lost or gained, how many are to be expected;
        nothing without labels.
    """

    samples: int
    measured_on: MeasuredOn
    divergence: float
    measure: Measure
    cosine: float
    agreement: Share | None
    top1: Share | None = None
    top5: Share | None = None
    original_top1: Share | None = None
    original_top5: Share | None = None
    not_finite: int = 0
    spread: float = 0.0
    batches: int = 1
    changed: Turned | None = None
    turned: Mapping[Metric, Turned] = field(default_factory=dict)

    @property
    def is_far(self) -> bool:
        """Whether outputs are so far from the original's that something must be wrong with what was asked."""
        limit = _FAR_ERROR if self.measure is Measure.SQUARED_ERROR else _FAR_NATS
        return self.not_finite > 0 or not self.divergence < limit

    def accuracies(self, metric: Metric) -> tuple[Share | None, Share | None]:
        """Return the accuracies before and after; None without labels."""
        if metric is Metric.TOP1:
            return self.original_top1, self.top1
        return self.original_top5, self.top5

    @property
    def on(self) -> str:
        """What it was measured on, for people."""
        samples = "sample" if self.samples == 1 else "samples"
        return f"on {self.samples:,} {self.measured_on} {samples}"

    @property
    def lines(self) -> tuple[str, ...]:
        """Divergence, decisions, accuracies: for people, each of them short."""
        parts = []
        for name, before, after in (
            ("top1", self.original_top1, self.top1),
            ("top5", self.original_top5, self.top5),
        ):
            if before is not None and after is not None:
                parts.append(f"{name} {after.value:.2%} (was {before.value:.2%})")
        alike = f"cosine {self.cosine:.6f}"
        if self.agreement is not None:
            alike = f"same top answer {self.agreement.text}"
        return tuple(filter(None, [f"{self.measure} {self.divergence:.3g}", alike, ", ".join(parts)]))

    @property
    def text(self) -> str:
        """All of it for people, on one line."""
        return ", ".join([*self.lines, self.on])


def share(count: int, total: int) -> Share:
    """Return a proportion with its confidence interval; `total` is at least 1."""
    from scipy.stats import binomtest

    interval = binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return Share(count / total, count, total, float(interval.low), float(interval.high))

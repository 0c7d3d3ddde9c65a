"""Bounds for inputs to come: what may be measured on some samples if it is to hold for as many others.

What is measured differs from what other samples will show for two reasons: these samples are some of many,
and so are the others. Both are counted: a bound holds for the mean over other samples, and not for an
expectation, which nobody will see. There are as many others as there are samples, but at least `FEWEST`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntc.encoder.network.turned import Floats, Rate, Turned

FEWEST = 200
"""Samples to come, where fewer are measured on."""
_MOST = 20_000
"""Answers to come: of more, chance is none."""
_PRIOR, _PRIOR_SAMPLES = 2.0, 10
"""Relative deviation of divergences between samples, as if so many had told it: networks have 1.2 to 1.6, of
which few samples show less."""
_SKEWED = 1.1
"""Times wider is the interval, for divergences are skewed more than a logarithm of their mean says."""
_WIDEST = 9.0  # logarithm of a scale


def others(samples: int) -> int:
    """Return for how many samples to come a promise is that so many samples bear."""
    return max(samples, FEWEST)


def divergence_factor(spread: float, samples: int, confidence: float) -> float:
    """Return how many times a mean divergence may be larger on samples to come.

    A prediction interval of Student's t for the logarithm of a mean, as divergences are skewed.

    Parameters
    ----------
    spread
        Relative standard deviation between samples, at least 0.
    samples
        How many were measured, at least 1.
    confidence
        0.5 to less than 1.
    """
    from scipy.stats import t

    told = samples + _PRIOR_SAMPLES
    spread = math.sqrt((samples * spread**2 + _PRIOR_SAMPLES * _PRIOR**2) / told)
    deviation = spread * math.sqrt(1 / samples + 1 / others(samples))
    return math.exp(min(_SKEWED * float(t.ppf(confidence, samples)) * deviation, _WIDEST))


def answers_scale(turned: Turned, limit: float, confidence: float, more: int = 1) -> float:
    """Return by what factor rates may grow until more answers turn, on samples to come, than may.

    Parameters
    ----------
    turned
        What is expected; answers gained make up for answers lost.
    limit
        Share of answers that may be lost, 0 to 1.
    confidence
        0.5 to less than 1.
    more
        As if there were so many times more samples.

    Returns
    -------
    The factor, e^-9 to e^9.
    """
    import numpy as np
    from scipy.optimize import brentq

    count = min(others(turned.lost.answers * more), _MOST)
    allowed = math.floor(limit * count + 1e-6)  # a limit that is no binary fraction allows what it names

    def surplus(logarithm: float) -> float:
        lost = _counts(turned.lost, math.exp(logarithm), count, more)
        gained = _counts(turned.gained, math.exp(logarithm), count, more)
        most = np.minimum(np.arange(count + 1) + allowed, count)
        return float((gained * np.cumsum(lost)[most]).sum()) - confidence

    if turned.lost.value <= 0 or surplus(_WIDEST) >= 0:
        return math.exp(_WIDEST)
    if surplus(-_WIDEST) <= 0:
        return math.exp(-_WIDEST)
    return math.exp(brentq(surplus, -_WIDEST, _WIDEST, xtol=1e-6))


def _counts(rate: Rate, scale: float, count: int, more: int) -> Floats:
    """Return the distribution of how many of `count` answers turn, float64 (count + 1,).

    The rate itself has a gamma distribution, so that the count's is negative binomial.
    """
    import numpy as np
    from scipy.stats import nbinom

    shape = more / rate.uncertainty**2
    mean = min(rate.value * scale, 1.0) * count
    chances: Floats = nbinom.pmf(np.arange(count + 1), shape, shape / (shape + mean))
    return chances

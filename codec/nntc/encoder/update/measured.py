"""The search for how precisely a change is coded: no more than outputs feel, as samples tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nntc.encoder.goals.reach import Encoding

SHARES = 0.32, 0.16, 0.08, 0.04, 0.02, 0.01
"""Prices of errors of the change that are tried, the coarsest first: see `nntc.encoder.update.weights`."""
_AS_GOOD = 1.2
"""Divergence, relative to that of a file of its own, with which an update is near enough."""
_WORTH = 0.9
"""Divergence, relative to that before, without which more bytes are not worth it: the rest is the base's."""


def fewest_bytes(
    encode_at: Callable[[float], Encoding], divergence: Callable[[Encoding], float], fresh: float
) -> Encoding:
    """Return the smallest update whose outputs are about as near as those of a file of its own.

    Parameters
    ----------
    encode_at
        Returns an update with a price.
    divergence
        Tells how far its outputs are off.
    fresh
        How far those of the model coded by itself are.
    """
    return _first_good(((encode_at(share)) for share in SHARES), divergence, _AS_GOOD * fresh)


def _first_good(
    encodings: Iterator[Encoding], divergence: Callable[[Encoding], float], limit: float
) -> Encoding:
    best = next(encodings)
    reached = divergence(best)
    for encoding in encodings:
        if reached <= limit:
            break
        own = divergence(encoding)
        if own > _WORTH * reached and encoding[0].size > best[0].size:
            break
        best, reached = encoding, own
    return best

"""Kinds of change: how the tensors of an update come from its base, as its records tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from nntc.decoder.tensor.difference import Difference
from nntc.decoder.tensor.record import TensorRecord
from nntc.format.registry import Method

_MOSTLY = 0.5
"""Part of the elements of an update that is fresh from which the model is called trained anew."""


class Change(StrEnum):
    """How the elements of an update come from the base."""

    SAME = "same"
    LOW_RANK = "low rank"
    DIFFERENCE = "difference"
    LOSSLESS = "lossless difference"
    FRESH = "fresh"


class ChangeTotal(NamedTuple):
    """What of an update has changed in one way.

    Parameters
    ----------
    tensors
        How many have changed so; one that has in several ways is counted for each.
    elements
        Of these tensors, or of what of them has changed so.
    bytes
        What the file spends on them.
    """

    change: Change
    tensors: int
    elements: int
    bytes: float


def change_of(record: TensorRecord) -> Change:
    """Return how a record's elements come from the base: by its own tool and those that follow it."""
    contents = [one.content for one in (record, *record.later)]
    if not isinstance(contents[0], Difference):
        return Change.FRESH
    methods = {content.method for content in contents if isinstance(content, Difference)}
    if Method.PRODUCT in methods:
        return Change.LOW_RANK
    return Change.LOSSLESS if methods == {Method.PLANES} else Change.DIFFERENCE


def change_totals(parts: Iterable[tuple[Change, int, float]]) -> tuple[ChangeTotal, ...]:
    """Return totals, in the order of `Change`, of parts: how each has changed, its elements, and bytes."""
    found: dict[Change, list[tuple[int, float]]] = {}
    for change, elements, size in parts:
        found.setdefault(change, []).append((elements, size))
    return tuple(
        ChangeTotal(change, len(own), sum(n for n, _ in own), sum(size for _, size in own))
        for change, own in ((change, found.get(change, [])) for change in Change)
        if own
    )


def changes_text(totals: Iterable[ChangeTotal]) -> Iterator[str]:
    """Yield a line for each kind, and one more where most of the model is fresh."""
    weights = fresh = 0
    for total in totals:
        count = f"{total.tensors:,} tensor{'' if total.tensors == 1 else 's'}"
        yield f"{total.change}: {count} of {total.elements:,} elements, {total.bytes:,.0f} bytes"
        weights += total.elements
        fresh += total.elements if total.change is Change.FRESH else 0
    if fresh and fresh >= _MOSTLY * weights:
        yield f"mostly trained anew: {fresh:,} of {weights:,} weights are sent fresh"

"""Hypothesis strategies for what SPEC.md allows: tokens, views, records and whole files.

Everything here comes from `samples`, which uses every tool, also those that no encoder here chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st
from nntc.format.registry import ViewKind
from nntc.format.view import View

from conformance.proof import samples


def chance() -> st.SearchStrategy[Random]:
    """Return generators of choices that hypothesis can replay."""
    return st.integers(0, 2**32).map(Random)


def tokens(max_size: int = 300) -> st.SearchStrategy[list[int]]:
    """Return runs of tokens: few or many different ones, anywhere in 0..255."""
    spans = st.tuples(st.integers(0, 255), st.sampled_from((0, 1, 7, 255)))
    return spans.flatmap(
        lambda s: st.lists(st.integers(max(0, s[0] - s[1]), s[0]), min_size=1, max_size=max_size)
    )


def views(max_size: int = 200, kinds: Sequence[int] = (0, 1, 2)) -> st.SearchStrategy[samples.View]:
    """Return views of about `max_size` elements at most."""
    return chance().map(lambda rng: samples.random_view(rng, max_size, kinds=kinds))


def view_of(view: samples.View) -> View:
    """Return the package's form of a view."""
    if view.kind == samples.RAGGED:
        return View(ViewKind.RAGGED, view.rows, lengths=tuple(view.lengths))
    return View(ViewKind(view.kind), view.rows, view.channels, view.period)


def records(
    tool: int, *, size: int = 60, profile: int = 2, coders: Sequence[int] = ()
) -> st.SearchStrategy[samples.Record]:
    """Return valid TENSOR sections of one tool, without shared tables."""
    return chance().map(
        lambda rng: samples.random_record(samples.Around(rng, profile, coders=coders), size, tool)
    )


def files(*, records: int = 4, size: int = 60) -> st.SearchStrategy[samples.Sample]:
    """Return valid files with what they decode to."""
    return chance().map(lambda rng: samples.random_file(rng, records=records, size=size))

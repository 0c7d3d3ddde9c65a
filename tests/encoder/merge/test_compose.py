"""Recipes put on top of each other: whatever the files are made of, the merged one decodes to the same."""

from __future__ import annotations

from random import Random

import nntc
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.encoder.merge.merge import merge_bytes
from nntc.errors import FormatError

from conformance.reference_decoder import decoder as second
from tests.encoder.merge import chains


def chain(seed: int, length: int) -> list[chains.Link]:
    rng = Random(seed)
    links = [chains.first(rng)]
    while len(links) <= length:
        links.append(chains.update(rng, links[-1]))
    return links


def both(data: bytes, base: dict[str | None, bytes]) -> dict[str | None, bytes]:
    """Decode with both decoders."""
    found = nntc.decode_bytes(data, base=list(base.values()))
    nntc.verify(data, base=list(base.values()))
    again = second.decode(data, base=list(base.values()))
    assert {own.name: own.data for own in again} == found
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_a_merged_chain_decodes_to_the_same(seed: int, length: int) -> None:
    links = chain(seed, length)
    if any(link is links[0] for link in links[1:]):
        return
    data, report = merge_bytes([link.data for link in links])
    assert not report.is_update
    assert both(data, {}) == links[-1].files


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 4))
def test_merged_updates_are_one_update(seed: int, length: int) -> None:
    links = chain(seed, length)
    if any(link is links[0] for link in links[1:]):
        return
    updates, base = [link.data for link in links[1:]], links[0].files
    try:
        data, report = merge_bytes(updates)
    except FormatError as e:
        if e.id != "E_BASE":
            raise
        data, report = merge_bytes(updates, base=list(base.values()))
    assert report.is_update
    assert both(data, base) == links[-1].files

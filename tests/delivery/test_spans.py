from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from nntc.delivery.spans import Spans

stretch = st.tuples(st.integers(0, 30), st.integers(0, 30))


@given(st.lists(st.tuples(st.booleans(), stretch), max_size=12), stretch)
def test_spans_are_sets_of_bytes(steps: list[tuple[bool, tuple[int, int]]], part: tuple[int, int]) -> None:
    spans, wanted = Spans(), set[int]()
    for is_added, (start, end) in steps:
        if is_added:
            spans.add(start, end)
            wanted |= set(range(start, end))
        elif start <= end:
            spans.remove(start, end)
            wanted -= set(range(start, end))
    found = list(spans)
    assert {byte for a, b in found for byte in range(a, b)} == wanted
    assert all(one[1] < other[0] for one, other in pairwise(found))
    assert spans.size == len(wanted)
    assert bool(spans) == bool(wanted)
    assert {byte for a, b in spans.within(*part) for byte in range(a, b)} == wanted & set(range(*part))

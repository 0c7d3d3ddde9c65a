"""Differences to a base and to records before: they come back for every type and view."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.format.patterns import folded, order
from nntc.format.registry import ElementType

from conformance.generator.differences import OF_PLANES, difference, section
from conformance.generator.files import File
from conformance.generator.records import Record, planes
from conformance.generator.views import View, matrix, ragged

TYPES = [element for element in ElementType if element.width <= 8 and not element.is_integer]
VIEWS = [matrix(2, 3, 2), matrix(2, 3, 2, transposed=True), ragged([1, 4, 7])]


def coded(values: np.ndarray, view: View) -> bytes:
    if view.kind == 1:
        values = values.reshape(view.channels, view.rows, view.period).transpose(1, 0, 2).ravel()
    return values.tobytes()


def changing(old: np.ndarray, new: np.ndarray, element: ElementType, view: View, *, first: bool) -> Record:
    """A difference record that makes `new` of `old`, unsigned integers in payload order."""
    numbers = folded(order(new, element) - order(old, element))
    starts = [0] * len(view.part_sizes) if first else None
    return difference(planes(int(element), view, coded(numbers, view)), OF_PLANES, starts)


@settings(deadline=None)
@given(
    st.sampled_from(TYPES),
    st.sampled_from(VIEWS),
    st.sampled_from(VIEWS),
    st.binary(min_size=288, max_size=288),
)
def test_any_patterns_from_any_others(element: ElementType, view: View, later: View, data: bytes) -> None:
    width = element.width
    one, two, three = np.frombuffer(data[: 36 * width], f"<u{width}").reshape(3, 12)
    records = [
        changing(one, two, element, view, first=True),
        changing(two, three, element, later, first=False),
    ]
    assert File(records[:1], bases=[one.tobytes()]).payloads() == [two.tobytes()]
    assert File([section(*records)], bases=[one.tobytes()]).payloads() == [three.tobytes()]


@pytest.mark.parametrize("gaps", [[0, 0, 0], [3, 1, 5]])
def test_parts_of_the_base(gaps: list[int]) -> None:
    old = np.arange(40, dtype=np.uint8)
    view = ragged([2, 3, 1])
    record = difference(planes(int(ElementType.OPAQUE1), view, bytes(6)), OF_PLANES, gaps)
    ends = accumulate(gap + size for gap, size in zip(gaps, view.lengths, strict=True))
    expected = b"".join(old[end - n : end].tobytes() for end, n in zip(ends, view.lengths, strict=True))
    assert File([record], bases=[old.tobytes()]).payloads() == [expected]

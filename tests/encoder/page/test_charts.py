from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.page.charts import HEIGHT, WIDTH, Chart, Point, curve

ABOVE_ZERO = st.floats(1e-9, 1e6)
ANY = st.floats(-100, 100)


def check(chart: Chart, count: int) -> None:
    assert len(chart.marks) == count
    for mark in chart.marks:
        assert chart.left - 0.1 <= mark.x <= chart.right + 0.1
        assert chart.top - 0.1 <= mark.y <= chart.bottom + 0.1
    assert 2 <= len(chart.x_ticks) <= 10
    assert 2 <= len(chart.y_ticks) <= 16
    for tick in chart.x_ticks:
        assert 0 <= tick.at <= WIDTH
    for tick in chart.y_ticks:
        assert 0 <= tick.at <= HEIGHT
    assert chart.top - 0.1 <= chart.limit <= chart.bottom + 0.1


@given(st.lists(st.tuples(st.floats(0.5, 500), ANY), min_size=1, max_size=12), ANY)
def test_points_lie_inside_linear_axes(pairs: list[tuple[float, float]], limit: float) -> None:
    chart = curve([Point(x, y, "", "met") for x, y in pairs], limit, logarithmic=False)
    check(chart, len(pairs))


@given(st.lists(st.tuples(st.floats(0.5, 500), ABOVE_ZERO), min_size=1, max_size=12), ABOVE_ZERO)
def test_points_lie_inside_logarithmic_axes(pairs: list[tuple[float, float]], limit: float) -> None:
    chart = curve([Point(x, y, "", "met") for x, y in pairs], limit, logarithmic=True)
    check(chart, len(pairs))


def test_higher_values_are_higher_up() -> None:
    chart = curve([Point(5, 1, "a", "met"), Point(10, 3, "b", "missed")], 2, logarithmic=False, unit="%")
    low, high = chart.marks
    assert low.x < high.x
    assert low.y > high.y
    assert math.isclose(chart.limit, (low.y + high.y) / 2)
    assert chart.y_ticks[0].text.endswith("%")
    assert chart.line == f"{low.x:.1f},{low.y:.1f} {high.x:.1f},{high.y:.1f}"

"""Pictures show every point that they can, inside their axes, and say which they leave out."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.lines import Line2D
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn, share
from nntc.encoder.sweep import Curves, SweepMethod, SweepPoint
from nntc.encoder.sweep.picture import make_figure, make_picture


def point(method: SweepMethod, setting: str, ratio: float, count: int, divergence: float) -> SweepPoint:
    fidelity = Fidelity(
        200, MeasuredOn.EVALUATION, divergence, Measure.KL, 0.9, share(count, 200), share(count - 10, 200),
        share(count, 200), share(190, 200), share(200, 200),
    )  # fmt: skip
    return SweepPoint(method, setting, int(1000 / ratio), ratio, 4, 0.1, fidelity)


GOOD = [
    point(SweepMethod.AUTO, "34 dB", 5, 200, 0),
    point(SweepMethod.AUTO, "22 dB", 9, 199, 1e-4),
    point(SweepMethod.DCT, "8 bits", 4, 200, 1e-5),
    point(SweepMethod.DCT, "4 bits", 12, 180, 0.1),
]
WRECKED = point(SweepMethod.DCT, "2 bits", 107, 20, 2.0)


def points_of(line: Line2D) -> list[tuple[float, float]]:
    xs, ys = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


@pytest.mark.parametrize("points", [GOOD, [*GOOD, WRECKED], [WRECKED], [GOOD[0], WRECKED]])
def test_all_points_are_inside_the_axes(points: list[SweepPoint]) -> None:
    figure = make_figure(Curves(1000, MeasuredOn.EVALUATION, tuple(points)), "m.onnx")
    assert len(figure.axes) == 3
    drawn = []
    for axes in figure.axes:
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
        for line in lines:
            for x, y in points_of(line):
                assert left <= x <= right
                assert low <= y <= high
        drawn.append(sum(len(points_of(line)) for line in lines))
    assert set(drawn) == {len(points) if len(points) < 3 else 4}


def test_what_is_left_out_is_said() -> None:
    figure = make_figure(Curves(1000, MeasuredOn.EVALUATION, (*GOOD, WRECKED)), "m.onnx")
    assert figure.get_supxlabel() == "not shown, as they answer otherwise (times smaller): dct 2 bits (107)"
    assert make_figure(Curves(1000, MeasuredOn.EVALUATION, tuple(GOOD)), "m.onnx").get_supxlabel() == ""


def test_the_legend_explains_everything_drawn() -> None:
    figure = make_figure(Curves(1000, MeasuredOn.EVALUATION, tuple(GOOD)), "m.onnx")
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "auto",
        "dct",
        "original",
        "95% interval of the original",
    ]


def test_pictures_show_every_method_and_are_the_same_each_time(curves: Curves) -> None:
    png = make_picture(curves, "model.onnx", "png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    svg = make_picture(curves, "<b>&$x$", "svg")
    assert svg == make_picture(curves, "<b>&$x$", "svg")
    ElementTree.fromstring(svg)  # noqa: S314 - our own output
    assert make_picture(curves, "model.onnx", "png") == png


def test_pictures_need_matplotlib(curves: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'nntc\[plot\]'"):
        make_picture(curves, "model.onnx", "png")

"""Pictures of curves."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

import pytest
from nntc.encoder.sweep import Curves
from nntc.encoder.sweep.picture import make_picture


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

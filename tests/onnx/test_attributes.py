"""Attributes of nodes, and what stands for those that are not there."""

from __future__ import annotations

from nntc.onnx.attributes import integer, integers, real, string
from onnx import helper


def test_attributes_are_read_by_name_and_type() -> None:
    node = helper.make_node("Op", [], [], axis=-2, perm=[2, 0, 1], auto_pad="VALID", epsilon=0.5)
    assert integer(node, "axis", 1) == -2
    assert integers(node, "perm") == (2, 0, 1)
    assert string(node, "auto_pad", "NOTSET") == "VALID"
    assert real(node, "epsilon", 1e-5) == 0.5


def test_those_that_are_not_there_have_their_defaults() -> None:
    node = helper.make_node("Op", [], [])
    assert integer(node, "axis", 1) == 1
    assert integers(node, "perm") == ()
    assert string(node, "auto_pad", "NOTSET") == "NOTSET"
    assert real(node, "epsilon", 1e-5) == 1e-5


def test_strings_that_are_no_text_are_no_error() -> None:
    node = helper.make_node("Op", [], [], mode=b"\xff")
    assert string(node, "mode", "") == "�"

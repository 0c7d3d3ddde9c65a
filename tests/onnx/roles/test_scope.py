"""Scopes: what names stand for, in graphs within graphs."""

from __future__ import annotations

from nntc.onnx.roles.scope import NOTHING, Scope
from nntc.onnx.roles.uses import Source


def test_inner_names_hide_outer_ones_and_end_with_their_graph() -> None:
    outer = Scope()
    outer.set("a", ((), Source.LAYER))
    inner = outer.inner()
    assert inner.get("a", NOTHING) == ((), Source.LAYER)
    inner.set("a", NOTHING)
    assert inner.get("a", ((), Source.LINEAR)) == NOTHING
    assert outer.get("a", NOTHING) == ((), Source.LAYER)
    assert inner.inner().get("b", NOTHING) == NOTHING


def test_no_name_stands_for_nothing() -> None:
    scope = Scope()
    scope.set("", ((), Source.LAYER))
    assert scope.get("", NOTHING) == NOTHING


def test_demands_of_several_names_are_taken_together() -> None:
    scope = Scope()
    scope.demands = {"a": 1, "b": 2}
    assert [scope.demand(names) for names in (("a",), ("a", "b"), ("c",), ())] == [1, 3, 0, 0]

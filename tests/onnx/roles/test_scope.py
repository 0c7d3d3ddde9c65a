"""Scopes: what names stand for, in graphs within graphs."""

from __future__ import annotations

from nntc.onnx.roles import find_roles
from nntc.onnx.roles.scope import NOTHING, Scope
from nntc.onnx.roles.uses import BEFORE_LAYERS, Source
from onnx import helper

from tests.onnx.roles.graphs import model_of, node, tensor


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


def test_a_constant_of_a_body_hides_what_a_layer_put_out() -> None:
    body = helper.make_graph(
        [node("Add", "y b", "z")], "body", [], [helper.make_tensor_value_info("z", 1, None)],
        [tensor("y", 2, 2), tensor("b", 4)],
    )  # fmt: skip
    nodes = [node("MatMul", "x w", "y"), node("If", "c", "out", then_branch=body)]
    found = find_roles(model_of(nodes, [tensor("w", 4, 4)]))
    assert {role.reason for path, role in found.items() if path[-2:] == ("initializer", 1)} == {BEFORE_LAYERS}

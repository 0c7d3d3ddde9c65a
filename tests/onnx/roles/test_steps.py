"""Steps: nodes in order, with their names and operators."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from nntc.onnx.operators import OPERATORS, UNKNOWN
from nntc.onnx.order import in_order
from nntc.onnx.roles.steps import key_of_function, steps_of
from onnx import NodeProto, helper

NAMES = st.sampled_from(["", "a", "b", "c", "d"])


def node(inputs: list[str], outputs: list[str]) -> NodeProto:
    return helper.make_node("Add", inputs, outputs)


@given(st.lists(st.builds(node, st.lists(NAMES, max_size=3), st.lists(NAMES, max_size=2)), max_size=7))
def test_steps_are_in_the_order_of_nodes(nodes: list[NodeProto]) -> None:
    assert [step.index for step in steps_of(nodes)] == [index for index, _ in in_order(nodes)]


def test_what_a_step_knows_of_its_node() -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w", ""], ["y"], domain="ai.onnx", group=2),
        helper.make_node("Conv", ["y"], [], domain="elsewhere"),
    ]
    first, second = steps_of(nodes)
    assert (first.inputs, first.outputs, first.has_attributes) == (("x", "w", ""), ("y",), True)
    assert first.operator is OPERATORS["", "Conv"]
    assert second.operator is UNKNOWN
    assert (second.has_attributes, second.node.domain) == (False, "elsewhere")


def test_nodes_call_functions_by_domain_name_and_overload() -> None:
    function = helper.make_function("my", "Twice", ["x"], ["y"], [], [], overload="first")
    (step,) = steps_of([helper.make_node("Twice", ["x"], ["y"], domain="my", overload="first")])
    assert step.function == key_of_function(function) == ("my", "Twice", "first")

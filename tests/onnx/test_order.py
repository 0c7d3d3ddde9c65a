"""The order of nodes: each after what it reads, bodies included; cycles stay as they are."""

from __future__ import annotations

import onnx
from hypothesis import given
from hypothesis import strategies as st
from nntc.onnx.order import in_order, reads
from onnx import helper


def chain(length: int) -> list[onnx.NodeProto]:
    return [helper.make_node("Relu", [f"x{i}"], [f"x{i + 1}"]) for i in range(length)]


@given(st.permutations(range(7)))
def test_any_order_of_a_chain_is_put_right(order: list[int]) -> None:
    nodes = chain(7)
    found = in_order([nodes[i] for i in order])
    assert [node.input[0] for _, node in found] == [f"x{i}" for i in range(7)]
    assert [order[number] for number, _ in found] == list(range(7))


def test_nodes_that_are_in_order_stay() -> None:
    nodes = [*chain(3), helper.make_node("Relu", ["other"], ["z"])]
    assert [number for number, _ in in_order(nodes)] == [0, 1, 2, 3]


def test_what_a_body_reads_is_computed_before_its_node() -> None:
    body = helper.make_graph([helper.make_node("Relu", ["late"], ["r"])], "body", [], [])
    nodes = [
        helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body),
        helper.make_node("Relu", ["x"], ["late"]),
    ]
    assert "late" in set(reads(nodes[0]))
    assert [number for number, _ in in_order(nodes)] == [1, 0]


def test_a_cycle_loses_no_node() -> None:
    nodes = [helper.make_node("Relu", ["b"], ["a"]), helper.make_node("Relu", ["a"], ["b"]), *chain(1)]
    assert sorted(number for number, _ in in_order(nodes)) == [0, 1, 2]


def test_names_that_nodes_put_out_twice_are_sorted_as_before() -> None:
    twice = [*chain(2), helper.make_node("Relu", ["x0"], ["x1"])]
    assert [number for number, _ in in_order(twice)] == [0, 2, 1]
    itself = [helper.make_node("Relu", ["a"], ["a"]), *chain(1)]
    assert [number for number, _ in in_order(itself)] == [0, 1]

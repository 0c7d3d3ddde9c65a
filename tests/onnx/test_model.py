from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import ModelError
from nntc.onnx.model import find_tensors
from onnx import TensorProto, helper, numpy_helper

from tests.onnx.wire import F32_8, RAW, find, graph_of, initializer, num, sub


def test_every_place_of_a_tensor_is_found_in_file_order() -> None:
    def tensor(name: str) -> onnx.TensorProto:
        return numpy_helper.from_array(np.arange(4, dtype=np.float32), name)

    def sparse(name: str) -> onnx.SparseTensorProto:
        return helper.make_sparse_tensor(
            tensor(name), numpy_helper.from_array(np.arange(4), name + "_indices"), [9]
        )

    def graph(name: str) -> onnx.GraphProto:
        node = helper.make_node("Constant", [], [name + "_out"], value=tensor(""))
        return helper.make_graph([node], name, [], [], initializer=[tensor(name + "_init")])

    odd = helper.make_node("Odd", [], ["y"])
    odd.attribute.append(helper.make_attribute("list", [tensor("l0"), tensor("l1")]))
    odd.attribute.append(helper.make_attribute("graphs", [graph("g0"), graph("g1")]))
    odd.attribute.append(helper.make_attribute("sparse", sparse("s")))
    odd.attribute.append(helper.make_attribute("sparses", [sparse("s0"), sparse("s1")]))
    branch = helper.make_node("If", ["c"], ["z"], else_branch=graph("else"), then_branch=graph("then"))
    outer = helper.make_graph(
        [odd, branch], "outer", [], [], initializer=[tensor("w")], sparse_initializer=[sparse("q")]
    )
    function = helper.make_function(
        "local", "F", [], ["o"], [helper.make_node("Constant", [], ["o"], value=tensor("named"))], []
    )
    function.attribute_proto.append(helper.make_attribute("default", tensor("d")))
    model = helper.make_model(outer, functions=[function])
    training = model.training_info.add()
    training.initialization.CopyFrom(graph("ti"))
    training.algorithm.CopyFrom(graph("ta"))

    found = find(model.SerializeToString())
    node = ("graph", "node")
    assert [(tensor.name, tensor.path) for tensor in found] == [
        ("l0", (*node, 0, "attribute", 0, "tensors", 0)),
        ("l1", (*node, 0, "attribute", 0, "tensors", 1)),
        ("g0_out", (*node, 0, "attribute", 1, "graphs", 0, "node", 0, "attribute", 0, "t")),
        ("g0_init", (*node, 0, "attribute", 1, "graphs", 0, "initializer", 0)),
        ("g1_out", (*node, 0, "attribute", 1, "graphs", 1, "node", 0, "attribute", 0, "t")),
        ("g1_init", (*node, 0, "attribute", 1, "graphs", 1, "initializer", 0)),
        ("s", (*node, 0, "attribute", 2, "sparse_tensor", "values")),
        ("s", (*node, 0, "attribute", 2, "sparse_tensor", "indices")),
        ("s0", (*node, 0, "attribute", 3, "sparse_tensors", 0, "values")),
        ("s0", (*node, 0, "attribute", 3, "sparse_tensors", 0, "indices")),
        ("s1", (*node, 0, "attribute", 3, "sparse_tensors", 1, "values")),
        ("s1", (*node, 0, "attribute", 3, "sparse_tensors", 1, "indices")),
        ("else_out", (*node, 1, "attribute", 0, "g", "node", 0, "attribute", 0, "t")),
        ("else_init", (*node, 1, "attribute", 0, "g", "initializer", 0)),
        ("then_out", (*node, 1, "attribute", 1, "g", "node", 0, "attribute", 0, "t")),
        ("then_init", (*node, 1, "attribute", 1, "g", "initializer", 0)),
        ("w", ("graph", "initializer", 0)),
        ("q", ("graph", "sparse_initializer", 0, "values")),
        ("q", ("graph", "sparse_initializer", 0, "indices")),
        ("ti_out", ("training_info", 0, "initialization", "node", 0, "attribute", 0, "t")),
        ("ti_init", ("training_info", 0, "initialization", "initializer", 0)),
        ("ta_out", ("training_info", 0, "algorithm", "node", 0, "attribute", 0, "t")),
        ("ta_init", ("training_info", 0, "algorithm", "initializer", 0)),
        ("named", ("functions", 0, "node", 0, "attribute", 0, "t")),
        ("d", ("functions", 0, "attribute_proto", 0, "t")),
    ]
    assert all(tensor.payload == "raw_data" for tensor in found)
    offsets = [tensor.offset for tensor in found]
    assert offsets == sorted(offsets)


def test_name_of_an_unnamed_constant_is_the_first_output_whatever_the_order() -> None:
    attribute = sub(5, sub(5, F32_8, RAW))
    outputs = sub(2, b"first") + sub(2, b"second")
    for node in (outputs + sub(4, b"Constant") + attribute, attribute + sub(4, b"Constant") + outputs):
        assert find(graph_of(sub(1, node)))[0].name == "first"
    assert find(graph_of(sub(1, outputs, sub(4, b"Other"), attribute)))[0].name == ""
    named = sub(5, sub(5, F32_8, sub(8, b"own"), RAW))
    assert find(graph_of(sub(1, outputs, sub(4, b"Constant"), named)))[0].name == "own"
    sparse = sub(5, sub(22, sub(2, F32_8), sub(1, F32_8, RAW)))
    found = find(graph_of(sub(1, outputs, sub(4, b"Constant"), sparse)))
    assert [tensor.name for tensor in found] == ["first", "first"]


def test_message_in_several_pieces_is_merged_as_protobuf_does() -> None:
    pieces = initializer(F32_8, sub(8, b"a"), RAW) + initializer(F32_8, sub(8, b"b"), RAW)
    assert [tensor.path[-1] for tensor in find(pieces)] == [0, 1]
    # The tensor `t` in two pieces: type and size in one, the payload in the other.
    found = find(graph_of(sub(1, sub(5, sub(5, F32_8), sub(5, RAW)))))
    assert [(tensor.payload, tensor.dims) for tensor in found] == [("raw_data", (8,))]
    found = find(graph_of(sub(1, sub(5, sub(5, F32_8, RAW), sub(5, F32_8, RAW)))))
    assert [(tensor.payload, tensor.dims) for tensor in found] == [(None, (8, 8))]
    with pytest.raises(ModelError, match="pieces") as error:
        find(graph_of() * 2000)
    assert error.value.id == "E_PROTOBUF"


def test_unknown_fields_and_groups_are_skipped() -> None:
    group = b"\x9b\x06" + num(1, 5) + b"\x0b\x0c" + sub(9, bytes(100)) + b"\x9c\x06"  # number 99 around 1
    odd = group + sub(500, b"?") + b"\xa1\x1f" + bytes(8) + b"\xa5\x1f" + bytes(4) + num(501, 1 << 63)
    data = odd + sub(7, odd, sub(5, odd, F32_8, odd, RAW, odd), odd) + odd
    (found,) = find(data)
    assert found.payload == "raw_data"
    assert data[found.offset : found.offset + 32] == bytes(range(32))


def test_known_field_of_another_wire_type_is_unknown() -> None:
    data = num(7, 1) + graph_of(num(5, 3), sub(5, F32_8, sub(2, b"??"), num(9, 1), num(8, 1), RAW))
    assert find(data)[0].payload is None  # raw_data as a number: not what this tensor can be cut by
    assert find(num(7, 1) + graph_of(num(5, 3), sub(5, F32_8, sub(2, b"??"), RAW)))[0].data_type == 1


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_malformed(data: bytes) -> None:
    try:
        find(data)
    except ModelError as error:
        assert error.id == "E_PROTOBUF"  # noqa: PT017 - no error is fine too
        assert error.offset is not None  # noqa: PT017
        assert 0 <= error.offset <= len(data)  # noqa: PT017


def test_payload_bytes_are_never_read() -> None:
    rng = np.random.default_rng(1)
    tensors = []
    for number, size in enumerate([0, 1, 2, 3, 15, 16, 31, 32, 33, 127, 128, 300, 5000, 70000]):
        values = rng.standard_normal(size)
        tensors.append(numpy_helper.from_array(values.astype(np.float16), f"h{number}"))
        tensors.append(helper.make_tensor(f"f{number}", TensorProto.FLOAT, [size], values))
        tensors.append(helper.make_tensor(f"d{number}", TensorProto.DOUBLE, [size], values))
    nodes = [helper.make_node("Constant", [], [t.name], value=t) for t in tensors]
    data: bytes = helper.make_model(helper.make_graph(nodes, "g", [], [], tensors)).SerializeToString()
    found = find(data)
    assert {tensor.payload for tensor in found} == {"raw_data", "float_data", "double_data", None}
    missing = np.zeros(len(data) + 1, dtype=np.int64)
    for tensor in found:
        missing[tensor.offset : tensor.offset + tensor.length] = 1
    before = np.concatenate([[0], np.cumsum(missing)])

    def read(offset: int, length: int) -> bytes:
        assert 0 <= offset <= offset + length <= len(data)
        assert before[offset + length] == before[offset]
        return data[offset : offset + length]

    assert list(find_tensors(read, len(data))) == found

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import ModelError
from nntc.onnx.model import find_tensors
from nntc.onnx.protobuf import fields, signed, varints
from nntc.onnx.tensor import External, WireTensor, payload_length
from onnx import TensorProto, helper, numpy_helper


def find(data: bytes) -> list[WireTensor]:
    return list(find_tensors(lambda offset, length: data[offset : offset + length], len(data)))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def sub(number: int, *content: bytes) -> bytes:
    body = b"".join(content)
    return varint(number << 3 | 2) + varint(len(body)) + body


def num(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def graph_of(*fields_of_graph: bytes) -> bytes:
    return sub(7, *fields_of_graph)


def initializer(*fields_of_tensor: bytes) -> bytes:
    return graph_of(sub(5, *fields_of_tensor))


RAW = sub(9, bytes(range(32)))
FLOATS = sub(4, bytes(range(32)))
F32_8 = num(1, 8) + num(2, 1)  # eight float32


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


def test_raw_payload_is_found_at_its_offset() -> None:
    data = initializer(F32_8, sub(8, b"w"), RAW)
    assert find(data) == [
        WireTensor("w", ("graph", "initializer", 0), 1, (8,), "raw_data", len(data) - 32, 32, None)
    ]


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        (F32_8 + RAW, "raw_data"),
        (RAW + F32_8, "raw_data"),
        (F32_8 + FLOATS, "float_data"),
        (num(1, 4) + num(2, 14) + FLOATS, "float_data"),
        (num(1, 4) + num(2, 11) + sub(10, bytes(32)), "double_data"),
        (num(1, 2) + num(2, 15) + sub(10, bytes(32)), "double_data"),
        (sub(1, b"\x02\x02\x02") + num(2, 1) + RAW, "raw_data"),
        (sub(1, b"\x02") + num(1, 4) + num(2, 1) + RAW, "raw_data"),
        (num(1, 64) + num(2, 22) + RAW, "raw_data"),
        (num(1, 63) + num(2, 21) + RAW, "raw_data"),
        (num(1, 128) + num(2, 26) + RAW, "raw_data"),
        (F32_8 + RAW + sub(4), "raw_data"),  # an empty field is no second payload
        (F32_8 + sub(9) + FLOATS, "float_data"),
        (num(1, 3) + num(2, 1) + RAW + num(2, 1) + num(1, 2) + num(1, 1), None),  # 3x2x1
        (F32_8 + RAW + RAW, None),
        (F32_8 + RAW + FLOATS, None),
        (F32_8 + sub(4, bytes(16)) + sub(4, bytes(16)), None),
        (F32_8 + sub(4, bytes(28)) + b"\x25" + bytes(4), None),
        (F32_8 + (b"\x25" + bytes(4)) * 8, None),
        (F32_8 + RAW + num(5, 1), None),
        (F32_8 + RAW + sub(7, b"\x01"), None),
        (F32_8 + sub(9, bytes(31)), None),
        (num(1, 4) + num(2, 11) + FLOATS, None),  # float_data does not hold doubles
        (num(1, 1) + num(2, 8) + RAW, None),
        (num(1, 32) + num(2, 99) + RAW, None),
        (num(1, 32) + RAW, None),  # no type
        (num(1, (1 << 64) - 8) + num(1, (1 << 64) - 1) + num(2, 1) + RAW, None),  # negative sizes
        (b"".join(num(1, (1 << 63) - 1) for _ in range(60)) + num(2, 1) + RAW, None),
        (num(1, 0) + num(2, 1) + sub(9), None),
    ],
)
def test_payload_is_one_stretch_of_the_right_size(tensor: bytes, kind: str | None) -> None:
    (found,) = find(initializer(tensor))
    assert found.payload == kind
    assert (found.length > 0) == (kind is not None)


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


def test_external_data() -> None:
    def entry(key: bytes, value: bytes) -> bytes:
        return sub(13, sub(1, key), sub(2, value))

    tensor = (
        F32_8
        + entry(b"location", b"old")
        + entry(b"location", b"w.bin")
        + entry(b"checksum", b"00")
        + entry(b"length", b"32")
        + entry(b"offset", b"4096")
    )
    data = initializer(tensor, num(14, 1))
    (found,) = find(data)
    assert found.external == External("w.bin", data.index(b"w.bin"), 5, 4096, 32)
    assert found.payload is None
    assert find(initializer(tensor, num(14, 0)))[0].external is None
    assert find(initializer(tensor, RAW))[0].payload == "raw_data"
    both = find(initializer(tensor, RAW, num(14, 1)))[0]
    assert both.payload is None
    assert both.external is not None
    assert both.external.offset == 4096
    (plain,) = find(initializer(F32_8, entry(b"location", b"\xff"), num(14, 1)))
    assert plain.external is not None
    assert (plain.external.location, plain.external.offset, plain.external.length) == ("\udcff", 0, None)
    for bad, error_id in [
        (b"", "E_EXTERNAL"),
        (sub(13, sub(2, b"w")), "E_EXTERNAL"),
        (entry(b"location", b"w" * 5000), "E_LOCATION"),
        (entry(b"location", b"w") + entry(b"offset", b"-1"), "E_EXTERNAL"),
        (entry(b"location", b"w") + entry(b"length", b"1" * 20), "E_EXTERNAL"),
        (entry(b"location", b"w") + entry(b"length", b""), "E_EXTERNAL"),
    ]:
        with pytest.raises(ModelError) as error:
            find(initializer(F32_8, bad, num(14, 1)))
        assert error.value.id == error_id
        assert error.value.offset is not None


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


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"\x3a", 1),
        (b"\x3a\x01", 0),
        (b"\x3a\x80", 1),
        (sub(7, b"\x2a\x05abc"), 2),
        (b"\x08" + b"\xff" * 10 + b"\x01", 1),
        (b"\x80\x80\x80\x80\x10\x00", 0),  # tag of 33 bits
        (b"\x02\x00", 0),
        (b"\x00\x00", 0),
        (b"\x0c", 0),
        (b"\x0b\x14", 1),
        (b"\x0b\x08\x01", 0),
        (b"\x0b" * 101, 100),
        (b"\x0f\x00", 0),
        (b"\x0e", 0),
        (b"\x0d\x00\x00\x00", 0),
        (b"\x09" + bytes(7), 0),
        (sub(7, sub(5, sub(1, b"\x80"))), 6),
        (sub(7, sub(5, num(1, 1) * 65)), None),
        (sub(7, sub(5, sub(1, b"\x01" * 641))), None),
    ],
)
def test_malformed_protobuf(data: bytes, offset: int | None) -> None:
    with pytest.raises(ModelError) as error:
        find(data)
    assert error.value.id == "E_PROTOBUF"
    assert offset is None or error.value.offset == offset


def test_depth_is_limited() -> None:
    def nested(depth: int) -> bytes:
        data = b""
        for _ in range(depth):
            data = sub(1, sub(5, sub(6, data)))
        return sub(7, data)

    assert find(nested(33)) == []
    with pytest.raises(ModelError, match="nested") as error:
        find(nested(34))
    assert error.value.id == "E_PROTOBUF"


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


def test_payload_length() -> None:
    assert payload_length(1, ()) == 4
    assert payload_length(10, (3, 5)) == 30
    assert payload_length(22, (3, 5)) == 8
    assert payload_length(25, (5,)) == 2
    assert payload_length(11, (3, 0)) == 0
    assert payload_length(15, (2,)) == 32
    assert payload_length(8, (2,)) is None
    assert payload_length(1, (-1, -4)) is None


@given(st.lists(st.integers(0, (1 << 64) - 1)))
def test_varints(values: list[int]) -> None:
    data = b"".join(varint(value) for value in values)
    assert varints(data, 0) == values
    numbered = b"".join(num(1, value) for value in values)
    read = [value for *_, value in fields(lambda o, n: numbered[o : o + n], [(0, len(numbered))])]
    assert read == values


def test_signed() -> None:
    assert signed((1 << 64) - 1) == -1
    assert signed(1 << 63) == -(1 << 63)
    assert signed((1 << 32) + 5, 32) == 5
    assert signed((1 << 64) - 2, 32) == -2


def test_walker_needs_the_standard_library_only() -> None:
    code = "import nntc.onnx.model, sys; print({'numpy', 'onnx', 'google'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nntc.encoder.split import (
    Payload,
    SplitSource,
    element_type,
    element_width,
    is_floating,
    open_model,
    payload_dtype,
)
from nntc.errors import ModelError
from nntc.format.registry import ElementType
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def rebuilt(source: SplitSource) -> list[bytes]:
    """Put skeleton and payloads together again, file by file."""
    data = b""
    for piece in source.pieces():
        part = source.stretch(piece).read() if isinstance(piece, Payload) else piece
        assert len(part) > 0
        data += part
    files = []
    for file in source.files:
        files.append(data[: file.size])
        data = data[file.size :]
    assert data == b""
    return files


def check(source: SplitSource, min_bytes: int) -> None:
    assert rebuilt(source) == [bytes(file.data) for file in source.files]
    end = (0, 0)
    for payload in source.payloads:
        assert (payload.file, payload.offset) >= end
        assert payload.length >= min_bytes
        assert payload.length % element_width(payload.data_type) == 0
        end = (payload.file, payload.offset + payload.length)
        assert end[1] <= source.files[payload.file].size


# Every data type with a fixed width, in the field that holds it when it is not raw.
NUMPY_TYPES = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.FLOAT16: np.float16,
    TensorProto.INT8: np.int8,
    TensorProto.UINT8: np.uint8,
    TensorProto.INT16: np.int16,
    TensorProto.UINT16: np.uint16,
    TensorProto.INT32: np.int32,
    TensorProto.UINT32: np.uint32,
    TensorProto.INT64: np.int64,
    TensorProto.UINT64: np.uint64,
    TensorProto.BOOL: np.bool_,
    TensorProto.COMPLEX64: np.complex64,
    TensorProto.COMPLEX128: np.complex128,
}
RAW_ONLY_BITS = {
    TensorProto.BFLOAT16: 16,
    TensorProto.FLOAT8E4M3FN: 8,
    TensorProto.FLOAT8E5M2: 8,
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
}


@st.composite
def tensors(draw: st.DrawFn) -> onnx.TensorProto:
    dims = draw(st.lists(st.integers(0, 6), max_size=4))
    name = draw(st.sampled_from(["", "w", "bias", "ß"]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    data_type = draw(st.sampled_from([*NUMPY_TYPES, *RAW_ONLY_BITS, TensorProto.STRING]))
    count = int(np.prod(dims))
    if data_type == TensorProto.STRING:
        return TensorProto(name=name, data_type=data_type, dims=dims, string_data=[b"text"] * count)
    if data_type in RAW_ONLY_BITS:
        raw = rng.bytes((count * RAW_ONLY_BITS[data_type] + 7) // 8)
        return helper.make_tensor(name, data_type, dims, raw, raw=True)
    values: NDArray[Any] = (rng.standard_normal(dims) * 9).astype(NUMPY_TYPES[data_type])
    if draw(st.booleans()):
        return numpy_helper.from_array(values, name)
    return helper.make_tensor(name, data_type, dims, values.ravel())


@st.composite
def attributes(draw: st.DrawFn, depth: int) -> onnx.AttributeProto:
    kinds = ["tensor", "tensors", "int", "strings", "sparse"] + ["graph", "graphs"] * (depth > 0)
    kind = draw(st.sampled_from(kinds))
    if kind == "tensor":
        return helper.make_attribute(kind, draw(tensors()))
    if kind == "tensors":
        return helper.make_attribute(kind, draw(st.lists(tensors(), min_size=1, max_size=3)))
    if kind == "graph":
        return helper.make_attribute(kind, draw(graphs(depth - 1)))
    if kind == "graphs":
        return helper.make_attribute(kind, draw(st.lists(graphs(depth - 1), min_size=1, max_size=2)))
    if kind == "sparse":
        values = numpy_helper.from_array(np.arange(20, dtype=np.float32), "values")
        return helper.make_attribute(
            kind, helper.make_sparse_tensor(values, numpy_helper.from_array(np.arange(20), "at"), [99])
        )
    return helper.make_attribute(kind, 7 if kind == "int" else [b"a", b"b"])


@st.composite
def nodes(draw: st.DrawFn, depth: int) -> onnx.NodeProto:
    node = helper.make_node(draw(st.sampled_from(["Constant", "If", "Odd"])), ["a", ""], ["out", "also"])
    node.attribute.extend(draw(st.lists(attributes(depth), max_size=3)))
    return node


@st.composite
def graphs(draw: st.DrawFn, depth: int = 2) -> onnx.GraphProto:
    inits = draw(st.lists(tensors(), max_size=4))
    sparse = []
    if draw(st.booleans()):
        values = numpy_helper.from_array(np.arange(40, dtype=np.float16), "sparse")
        sparse = [helper.make_sparse_tensor(values, numpy_helper.from_array(np.arange(40), ""), [5, 9])]
    body = draw(st.lists(nodes(depth), max_size=3))
    return helper.make_graph(body, "g", [], [], inits, sparse_initializer=sparse)


@st.composite
def models(draw: st.DrawFn) -> onnx.ModelProto:
    model = helper.make_model(draw(graphs()))
    model.ir_version = draw(st.sampled_from([1, 3, 7, 12]))
    if draw(st.booleans()):
        model.functions.append(helper.make_function("local", "F", ["x"], ["y"], [draw(nodes(1))], []))
    if draw(st.booleans()):
        model.training_info.add().algorithm.CopyFrom(draw(graphs(0)))
    return model


def all_tensors(message: object) -> list[onnx.TensorProto]:
    """Return every TensorProto below a protobuf message, by reflection."""
    if isinstance(message, onnx.TensorProto):
        return [message]
    found = []
    for descriptor, value in message.ListFields():  # type: ignore[attr-defined]
        if descriptor.message_type:
            children = [value] if hasattr(value, "ListFields") else value
            found += [tensor for child in children for tensor in all_tensors(child)]
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(models(), st.sampled_from([1, 16, 64]))
def test_random_models_are_split_completely(model: onnx.ModelProto, min_bytes: int) -> None:
    with open_model(model.SerializeToString(), min_bytes=min_bytes) as source:
        check(source, min_bytes)
        expected = []
        for tensor in all_tensors(model):
            one_field = tensor.HasField("raw_data") or tensor.data_type in (
                TensorProto.FLOAT,
                TensorProto.DOUBLE,
                TensorProto.COMPLEX64,
                TensorProto.COMPLEX128,
            )
            content = b""
            if one_field:
                array = numpy_helper.to_array(tensor)
                content = tensor.raw_data or array.astype(array.dtype.newbyteorder("<")).tobytes()
            if len(content) >= min_bytes:
                expected.append((content, tensor.data_type, tuple(tensor.dims)))
        found = [(bytes(source.stretch(p).read()), p.data_type, p.dims) for p in source.payloads]
        key = lambda item: (item[0], item[1], item[2])  # noqa: E731
        assert sorted(found, key=key) == sorted(expected, key=key)


def append_unknown_fields(message: object) -> None:
    """Append an unknown field to every message below `message`."""
    for descriptor, value in message.ListFields():  # type: ignore[attr-defined]
        if descriptor.message_type:
            for child in [value] if hasattr(value, "ListFields") else value:
                append_unknown_fields(child)
    # Number 4000: a delimited field, a varint, and a group around a varint.
    message.MergeFromString(b"\x82\xfa\x01\x02hi\x80\xfa\x01\x05\x83\xfa\x01\x08\x01\x84\xfa\x01")  # type: ignore[attr-defined]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_unknown_fields_at_every_level_are_kept(model: onnx.ModelProto) -> None:
    with open_model(model.SerializeToString(), min_bytes=1) as source:
        plain = [(bytes(source.stretch(p).read()), p.path, p.name) for p in source.payloads]
    append_unknown_fields(model)
    data = model.SerializeToString()
    assert b"\x82\xfa\x01\x02hi" in data
    with open_model(data, min_bytes=1) as source:
        check(source, 1)
        assert [(bytes(source.stretch(p).read()), p.path, p.name) for p in source.payloads] == plain


def small_model() -> bytes:
    weights = numpy_helper.from_array(np.arange(40, dtype=np.float32), "w")
    node = helper.make_node("Constant", [], ["c"], value=helper.make_tensor("", 11, [9], range(9)))
    body = helper.make_graph([node], "then", [], [])
    branch = helper.make_node("If", ["w"], ["y"], then_branch=body)
    model = helper.make_model(helper.make_graph([branch], "g", [], [], [weights]))
    model.functions.append(helper.make_function("local", "F", [], ["c"], [node], []))
    return bytes(model.SerializeToString())


def test_truncated_models_split_or_are_refused() -> None:
    data = small_model()
    for length in range(len(data)):
        try:
            with open_model(data[:length], min_bytes=1) as source:
                check(source, 1)
        except ModelError as error:
            assert error.id in ("E_PROTOBUF", "E_NOT_ONNX")  # noqa: PT017 - a cut may be well-formed
            assert error.offset is not None  # noqa: PT017


@settings(max_examples=500)
@given(st.data())
def test_damaged_models_split_or_are_refused(data: st.DataObject) -> None:
    model = bytearray(small_model())
    for _ in range(data.draw(st.integers(1, 4))):
        model[data.draw(st.integers(0, len(model) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        with open_model(bytes(model), min_bytes=1) as source:
            check(source, 1)
    except ModelError as error:
        assert error.id in ("E_PROTOBUF", "E_EXTERNAL", "E_LOCATION", "E_NOT_ONNX")  # noqa: PT017 - or no error


def test_model_files_that_are_odd(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_model(tmp_path / "none.onnx")
    (tmp_path / "small.onnx").write_bytes(b"\x3a\x00")  # a graph of nothing
    with open_model(str(tmp_path / "small.onnx")) as source:
        assert (source.files[0].size, source.payloads) == (2, [])
        assert rebuilt(source) == [b"\x3a\x00"]


def test_small_payloads_stay_in_the_graph() -> None:
    data = helper.make_model(
        helper.make_graph(
            [], "g", [], [], [numpy_helper.from_array(np.zeros(n, np.int8), str(n)) for n in (0, 63, 64)]
        )
    ).SerializeToString()
    with open_model(data) as source:
        assert [p.name for p in source.payloads] == ["64"]
    with open_model(data, min_bytes=0) as source:
        assert [p.name for p in source.payloads] == ["63", "64"]


def test_element_types() -> None:
    assert [code for code in range(40) if is_floating(code)] == [1, 10, 11, 16]
    assert payload_dtype(TensorProto.FLOAT16) == np.dtype("<f2")
    assert payload_dtype(TensorProto.BFLOAT16) == np.dtype("<u2")
    assert payload_dtype(TensorProto.INT4) == np.dtype("u1")
    assert payload_dtype(TensorProto.COMPLEX128).itemsize == 16
    assert element_type(TensorProto.FLOAT) is ElementType.FLOAT32
    assert element_type(TensorProto.DOUBLE) is ElementType.FLOAT64
    assert element_type(TensorProto.FLOAT16) is ElementType.FLOAT16
    assert element_type(TensorProto.BFLOAT16) is ElementType.BFLOAT16
    assert element_type(TensorProto.INT64) is ElementType.OPAQUE8
    assert element_type(TensorProto.UINT4) is ElementType.OPAQUE1
    for code in (*NUMPY_TYPES, *RAW_ONLY_BITS):
        assert element_width(code) == payload_dtype(code).itemsize == element_type(code).width
    for code in NUMPY_TYPES:
        assert element_width(code) == np.dtype(NUMPY_TYPES[code]).itemsize
    with pytest.raises(ValueError, match="no fixed width"):
        element_width(TensorProto.STRING)

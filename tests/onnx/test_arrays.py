"""Arrays of every element type, as a container gives them."""

from __future__ import annotations

import struct
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.encode import encode_bytes
from nntc.errors import ModelError
from nntc.reader.lazy import GRAPH_TOOL
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.reader.containers import opened

SMALL_FLOATS: set[int] = {
    TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E4M3FNUZ, TensorProto.FLOAT8E5M2,
    TensorProto.FLOAT8E5M2FNUZ, TensorProto.FLOAT4E2M1, TensorProto.FLOAT8E8M0,
}  # fmt: skip


SMALL_INTEGERS: dict[int, type[np.integer[Any]]] = {TensorProto.INT4: np.int8, TensorProto.UINT4: np.uint8}


OTHERS: set[int] = {
    TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.INT8, TensorProto.UINT8,
    TensorProto.INT16, TensorProto.UINT16, TensorProto.INT32, TensorProto.UINT32, TensorProto.INT64,
    TensorProto.UINT64, TensorProto.BOOL, TensorProto.COMPLEX64, TensorProto.COMPLEX128,
}  # fmt: skip


def every_code(data_type: int, count: int) -> bytes:
    """Return raw data of `count` elements that goes through all codes of small types."""
    bits = 4 if data_type in (TensorProto.INT4, TensorProto.UINT4, TensorProto.FLOAT4E2M1) else 8
    if data_type == TensorProto.BOOL:
        return bytes(i % 2 for i in range(count))
    if data_type in OTHERS or data_type == TensorProto.BFLOAT16:
        dtype = helper.tensor_dtype_to_np_dtype(data_type)
        return (np.arange(count) - 3).astype(dtype).tobytes()
    return bytes(i % 256 for i in range((count * bits + 7) // 8))


def expected(tensor: onnx.TensorProto) -> NDArray[Any]:
    values = numpy_helper.to_array(tensor)
    if tensor.data_type in SMALL_FLOATS:
        return values.astype(np.float32)
    return values.astype(SMALL_INTEGERS[tensor.data_type]) if tensor.data_type in SMALL_INTEGERS else values


@pytest.mark.parametrize("data_type", sorted(SMALL_FLOATS | SMALL_INTEGERS.keys() | OTHERS))
@pytest.mark.parametrize("shape", [(3,), (2, 3, 100)])
def test_every_type_as_raw_data(data_type: int, shape: tuple[int, ...]) -> None:
    tensor = helper.make_tensor("t", data_type, shape, every_code(data_type, int(np.prod(shape))), raw=True)
    lazy = opened(tensor).tensors["t"]
    wanted = expected(tensor)
    assert lazy.shape == shape
    assert lazy.size == wanted.size
    assert lazy.dtype == wanted.dtype
    assert lazy.array().dtype == wanted.dtype
    np.testing.assert_array_equal(lazy.array(), wanted)
    assert lazy.tobytes() == tensor.raw_data
    assert lazy.tool == GRAPH_TOOL or len(tensor.raw_data) >= 64


@pytest.mark.parametrize(
    "data_type", sorted((SMALL_FLOATS | SMALL_INTEGERS.keys() | OTHERS) - {TensorProto.FLOAT8E8M0})
)
def test_every_type_in_its_own_field(data_type: int) -> None:
    values = [0, 1, 1, 0, 1, 0, 1] if data_type == TensorProto.BOOL else [0, 1, 2, 3, 4, 6, 1]
    tensor = helper.make_tensor("t", data_type, (7,), values)
    assert not tensor.HasField("raw_data")
    np.testing.assert_array_equal(opened(tensor).tensors["t"].array(), expected(tensor))


@pytest.mark.parametrize("values", [[-1, -(2**31), 2**31 - 1], [-128, 127, 0]])
def test_negative_integers_in_varints(values: list[int]) -> None:
    for data_type in (TensorProto.INT32, TensorProto.INT64):
        array = opened(helper.make_tensor("t", data_type, (3,), values)).tensors["t"].array()
        assert array.tolist() == values


def test_two_bit_types() -> None:
    for data_type, name, values in ((25, "uint2", [0, 1, 2, 3, 1]), (26, "int2", [0, 1, -2, -1, 1])):
        tensor = TensorProto(name="t", dims=[5], data_type=data_type, raw_data=bytes([0b11100100, 0b01]))
        lazy = opened(tensor).tensors["t"]
        assert lazy.data_type == name
        assert lazy.array().tolist() == values


def test_strings() -> None:
    tensor = TensorProto(name="t", dims=[2, 1], data_type=TensorProto.STRING, string_data=[b"a", b"\xff\x00"])
    lazy = opened(tensor).tensors["t"]
    assert lazy.array().tolist() == [[b"a"], [b"\xff\x00"]]
    assert lazy.data_type == "string"
    with pytest.raises(TypeError):
        lazy.tobytes()


def test_scalars_and_empty_tensors() -> None:
    tensors = opened(
        numpy_helper.from_array(np.array(2.5, np.float32), "scalar"),
        numpy_helper.from_array(np.zeros((0, 4)), "empty"),
    ).tensors
    assert tensors["scalar"].array().shape == ()
    assert tensors["scalar"].array() == 2.5
    assert tensors["empty"].array().shape == (0, 4)
    assert tensors["empty"].coded_bytes == 0


def test_unpacked_floats_and_pieces_of_raw_data() -> None:
    # float_data 1.5, 2.5 as two fixed32 fields; raw_data twice, of which the last one counts.
    unpacked = b"".join(b"\x25" + struct.pack("<f", value) for value in (1.5, 2.5))
    head = b"\x08\x02\x10\x01"  # dims 2, data_type FLOAT
    first = head + b"\x42\x01a" + unpacked
    second = head + b"\x42\x01b" + b"\x4a\x04" + bytes(4) + b"\x4a\x08" + struct.pack("<2f", 3, 4)
    graph = b"".join(b"\x2a" + bytes([len(t)]) + t for t in (first, second))
    data, _ = encode_bytes(b"\x3a" + bytes([len(graph)]) + graph, method="lossless")
    tensors = nntc.open(data).tensors
    assert tensors["a"].array().tolist() == [1.5, 2.5]
    assert tensors["b"].array().tolist() == [3, 4]


def test_data_that_does_not_fit_its_shape_is_an_error() -> None:
    tensors = opened(
        TensorProto(name="short", dims=[3], data_type=1, raw_data=bytes(8)),
        TensorProto(name="huge", dims=[2**40, 2**40], data_type=1),
        TensorProto(name="negative", dims=[-4], data_type=1, raw_data=bytes(8)),
        TensorProto(name="odd", dims=[1], data_type=77, raw_data=bytes(8)),
    ).tensors
    for tensor in tensors.values():
        with pytest.raises(ModelError, match="E_TENSOR"):
            tensor.array()
    with pytest.raises(ModelError, match="E_TENSOR"):
        _ = tensors["odd"].dtype

"""Element types of every data type of ONNX that has a fixed width."""

from __future__ import annotations

import pytest
from nntc.format.registry import ElementType
from nntc.onnx.elements import element_type, element_width, is_floating, payload_dtype
from nntc.onnx.tensor import ELEMENT_BITS
from onnx import TensorProto


@pytest.mark.parametrize("data_type", ELEMENT_BITS)
def test_width_and_numpy_type_agree(data_type: int) -> None:
    width = element_width(data_type)
    assert payload_dtype(data_type).itemsize == width == max(1, ELEMENT_BITS[data_type] // 8)
    assert element_type(data_type).is_float == is_floating(data_type)


def test_only_four_types_are_coded_as_numbers() -> None:
    floats = {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16}
    assert {data_type for data_type in ELEMENT_BITS if is_floating(data_type)} == floats
    assert element_type(TensorProto.FLOAT8E4M3FN) is ElementType.OPAQUE1
    assert element_type(TensorProto.INT64) is ElementType.OPAQUE8
    assert element_type(TensorProto.COMPLEX128) is ElementType.OPAQUE16


def test_strings_have_no_width() -> None:
    with pytest.raises(ValueError, match="data type 8 have no fixed width"):
        element_width(TensorProto.STRING)

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.onnx.integers import find_integer_uses
from nntc.onnx.nibbles import Nibbles, nibbles_of, packed, plain_integers, unpacked
from nntc.onnx.tensor import Path
from onnx import numpy_helper

from tests.integer_models import Array
from tests.nibble_models import Made, behind, product, table

EVERY = [
    product(),
    product(zeros=True),
    product(n=5, k=64),
    product(n=7, k=33, block=16, zeros=True),
    product(n=4, k=96, block=128),
    table(),
    table(zeros=True),
    table(kind="int4"),
    table(kind="uint4", zeros=True),
    behind(),
    behind(signed=False, zeros=True),
    behind(scale=(48,), axis=1),
    behind(scale=(80,), axis=-2, zeros=True),
    behind(scale=(5, 48), axis=0, block_size=16),
    behind(scale=(80, 2), axis=1, block_size=32, zeros=True),
    behind(shape=(7, 3)),
]


def meaning(model: onnx.ModelProto) -> tuple[Nibbles | None, bytes]:
    """Return what is known of the constant `w`, and its bytes."""
    tensors = model.graph.initializer
    index = [tensor.name for tensor in tensors].index("w")
    uses = find_integer_uses(model).get(("graph", "initializer", index))

    def value_of(path: Path) -> Array | None:
        tensor = tensors[path[2]]
        return plain_integers(np.asarray(numpy_helper.to_array(tensor)), tensor.data_type)

    own = tensors[index]
    found = None if uses is None else nibbles_of(uses, own.data_type, tuple(own.dims), value_of)
    return found, own.raw_data


@pytest.mark.parametrize("made", EVERY)
def test_weights_are_those_that_onnxruntime_computes_with(made: Made) -> None:
    found, data = meaning(made.model)
    assert found is not None
    values = found.values(data)
    session = onnxruntime.InferenceSession(made.model.SerializeToString())
    expected = np.concatenate([session.run(None, sample)[0] for sample in made.samples])
    if made.model.graph.node[0].op_type == "MatMulNBits":
        values = values.T
    assert values.shape == expected.shape == made.inputs
    np.testing.assert_allclose(values, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("made", EVERY)
def test_what_counts_can_be_put_back(made: Made) -> None:
    found, data = meaning(made.model)
    assert found is not None
    stored = found.codes(data)
    assert packed(found.filled(found.cropped(stored).copy(), stored).ravel()).tobytes() == data
    assert (
        found.filled(np.zeros(found.shape, np.uint8), stored).sum()
        == stored.sum() - found.cropped(stored).sum()
    )


@given(st.lists(st.integers(0, 15)))
def test_nibbles_are_packed_as_they_were(values: list[int]) -> None:
    own = np.array(values, np.uint8)
    data = packed(own)
    assert data.size == (len(values) + 1) // 2
    assert unpacked(data, len(values)).tolist() == values


def altered(made: Made, **attributes: int) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(made.model)
    for attribute in model.graph.node[0].attribute:
        attribute.i = attributes.pop(attribute.name, attribute.i)
    model.graph.node[0].attribute.extend(onnx.helper.make_attribute(*item) for item in attributes.items())
    return model


@pytest.mark.parametrize(
    ("made", "attributes"),
    [
        (product(), {"bits": 8}),
        (product(), {"block_size": 0}),
        (product(), {"block_size": 31}),
        (product(), {"N": 47}),
        (product(), {"K": -1}),
        (product(zeros=True), {"N": 24, "block_size": 64}),
        (table(), {"bits": 8}),
        (table(), {"gather_axis": 1}),
        (table(), {"block_size": 0}),
        (table(kind="int4"), {"block_size": 32}),
        (behind(scale=(5, 48), axis=0, block_size=16), {"block_size": 21}),
        (behind(scale=(48,), axis=1), {"axis": 0}),
        (behind(scale=(48,), axis=1), {"axis": 9}),
    ],
)
def test_what_does_not_fit_together_is_not_known(made: Made, attributes: dict[str, Any]) -> None:
    assert meaning(altered(made, **attributes))[0] is None


def test_scales_that_are_no_numbers_are_not_known() -> None:
    for wrong in (np.full(48 * 3, np.nan, np.float32), np.zeros(48 * 3, np.float32)):
        model = onnx.ModelProto()
        model.CopyFrom(product().model)
        model.graph.initializer[1].CopyFrom(numpy_helper.from_array(wrong, "s"))
        assert meaning(model)[0] is None


def test_an_order_of_columns_is_not_known() -> None:
    model = product().model
    order = numpy_helper.from_array(np.arange(80, dtype=np.int32) // 32, "g")
    model.graph.initializer.append(order)
    model.graph.node[0].input.extend(["", "g"])
    assert meaning(model)[0] is None

from __future__ import annotations

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.device import ANY_DEVICE
from nntc.encoder.methods.exact_integers import code_integers
from nntc.encoder.model import open_model
from nntc.format.registry import ElementType

from tests.integer_models import integers, model_of, node, scales


def network(kind: type = np.int8, zero: int = 0, layers: int = 12) -> onnx.ModelProto:
    """Return a chain of products whose integers have one distribution in rows of different spread."""
    nodes, constants, source = [], {}, "x"
    for i in range(layers):
        nodes += [
            node("DequantizeLinear", [f"w{i}", f"s{i}", "z"], [f"d{i}"], axis=1),
            node("MatMul", [source, f"d{i}"], [source := "y" if i == layers - 1 else f"h{i}"]),
        ]
        constants[f"w{i}"] = np.ascontiguousarray(integers((128, 128), kind, i).T)
        constants[f"s{i}"] = scales(128, i)
    return model_of(nodes, ("n", 128), z=np.full(128, zero, kind), **constants)


@pytest.mark.parametrize(("kind", "zero"), [(np.int8, 0), (np.uint8, 128)])
def test_tables_that_all_share_are_smaller(kind: type, zero: int) -> None:
    model = network(kind, zero).SerializeToString()
    file, report = nntc.encode_bytes(model, method="lossless")
    assert nntc.decode_bytes(file) == {None: model}
    weights = [tensor for tensor in report.tensors if tensor.name.startswith("w")]
    assert {tensor.tool for tensor in weights} == {"uniform"}
    entropy = sum(
        float(counts @ np.log2(16384 / counts)) / 8
        for i in range(12)
        for counts in [np.unique(integers((128, 128), kind, i), return_counts=True)[1]]
    )
    assert sum(tensor.coded_bytes for tensor in weights) < 1.01 * entropy


def test_one_tensor_has_its_own_and_others_with_far_zero_points_too() -> None:
    for model in (network(layers=1), network(np.uint8, 100)):
        data = model.SerializeToString()
        file, report = nntc.encode_bytes(data, method="lossless")
        assert nntc.decode_bytes(file) == {None: data}
        assert {tensor.tool for tensor in report.tensors if tensor.name.startswith("w")} == {"planes"}


def test_only_what_becomes_smaller_is_coded_so() -> None:
    with open_model(network().SerializeToString()) as model:
        numbers = [i for i, tensor in enumerate(model.tensors) if tensor.grid is not None]
        large = dict.fromkeys(numbers, 1 << 20)
        records, tables = code_integers(model.tensors, large | {numbers[3]: 10}, [], ANY_DEVICE)
        assert [planned.tensors for planned in records] == [(i,) for i in numbers if i != numbers[3]]
        assert all(planned.record.element is ElementType.INT8 for planned in records)
        assert tables
        assert code_integers(model.tensors, dict.fromkeys(numbers, 10), [], ANY_DEVICE) == ([], [])
        again, both = code_integers(model.tensors, large, tables, ANY_DEVICE)
        assert len(again) == len(numbers)
        assert len(both) > len(tables)

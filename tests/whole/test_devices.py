"""Files for devices with little memory: what they need is stated, kept to, and costs little."""

from __future__ import annotations

from collections.abc import Callable

import nntc
import numpy as np
import onnx
import pytest
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from onnx import helper, numpy_helper

from tests import networks

RNG = np.random.default_rng(11)
MEMORIES = (1 << 14, 1 << 17)


def product(weights: networks.Array) -> onnx.ModelProto:
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return networks.model_of([node], {"w": weights}, {"x": [1, len(weights)]}, {"y": [1, weights.shape[1]]})


def table() -> onnx.ModelProto:
    return networks.model_of(
        [helper.make_node("Gather", ["w", "x"], ["y"])], {"w": RNG.normal(size=(9000, 24)).astype("f")}
    )


def many_vectors() -> onnx.ModelProto:
    vectors = {f"{kind}{i}": RNG.uniform(0.5, 2, 300).astype("f") for i in range(12) for kind in "sbmv"}
    nodes = [
        helper.make_node("BatchNormalization", [f"x{i}", *(f"{kind}{i}" for kind in "sbmv")], [f"x{i + 1}"])
        for i in range(12)
    ]
    return networks.model_of(nodes, vectors, {"x0": [1, 300, 1, 1]}, {"x12": [1, 300, 1, 1]})


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "transposed": lambda: product(networks.heavy(RNG, 300, 400)),
    "wide": lambda: product(networks.heavy(RNG, 6, 20_000)),
    "pruned": lambda: product(networks.heavy(RNG, 300, 400) * (RNG.random((300, 400)) < 0.2)),
    "codebook": lambda: product(RNG.choice(RNG.normal(size=3000).astype("f"), (300, 400))),
    "constant": lambda: product(np.zeros((300, 400), np.float32)),
    "repeats": lambda: networks.holding(w=np.tile(np.arange(1000), 100)),
    "table": table,
    "vectors": many_vectors,
    "classifier": networks.classifier,
}


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("name", MODELS)
def test_a_file_keeps_to_the_memory_of_its_device(name: str, memory: int) -> None:
    whole = MODELS[name]().SerializeToString()
    for options in ({"method": "lossless"}, {}):
        data, report = encode_bytes(whole, device_memory=memory, **options)  # type: ignore[arg-type]
        with nntc.open(data) as container:
            assert container.profile == "device"
            assert container.working_memory <= memory
        decoded = decode_bytes(data)[None]
        assert len(decoded) == len(whole)
        if options.get("method") == "lossless":
            assert decoded == whole
        assert all(tensor.error < 0.15 for tensor in report.tensors)


def test_pieces_are_as_precise_as_the_whole() -> None:
    values = networks.heavy(RNG, 400, 500) * np.linspace(0.2, 2, 400, dtype="f")[:, None]
    whole = product(values).SerializeToString()
    errors = []
    for memory in (None, 1 << 14):
        data, _ = encode_bytes(whole, device_memory=memory)
        decoded = numpy_helper.to_array(
            onnx.load_model_from_string(decode_bytes(data)[None]).graph.initializer[0]
        )
        errors.append(float(np.linalg.norm(decoded - values)))
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


def test_less_memory_than_anything_can_be_coded_with_is_refused() -> None:
    with pytest.raises(ValueError, match="device memory must be at least 16384 bytes"):
        encode_bytes(MODELS["classifier"]().SerializeToString(), device_memory=1000)
    with pytest.raises(ValueError, match="device memory is for the methods"):
        encode_bytes(MODELS["classifier"]().SerializeToString(), device_memory=1 << 17, method="dct")

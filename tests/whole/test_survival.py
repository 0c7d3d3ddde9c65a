"""Every tensor that a model may hold is coded, exactly where it must be."""

from __future__ import annotations

from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from nntc.decoder.model import decode_bytes
from nntc.encoder import device
from nntc.encoder.encode import encode_bytes
from nntc.encoder.methods import partition
from nntc.encoder.report import EncodeReport
from nntc.format.registry import SectionType
from onnx import TensorProto, helper, numpy_helper

from tests import networks
from tests.whole.odd_tensors import EXACT, FLAT, LARGE, LOSSY, OTHER, RNG, SHAPES


def check(
    model: onnx.ModelProto, *, exactly: bool = True, **options: Any
) -> tuple[dict[str, networks.Array], EncodeReport]:
    """Encode with loss, and without if `exactly`; return the tensors of the former."""
    whole = model.SerializeToString()
    if exactly:
        assert decode_bytes(encode_bytes(whole, method="lossless")[0]) == {None: whole}
    data, report = encode_bytes(whole, **options)
    decoded = decode_bytes(data)[None]
    assert len(decoded) == len(whole)
    graph = onnx.load_model_from_string(decoded).graph
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}, report


def same(a: networks.Array, b: networks.Array) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def is_constant(values: networks.Array) -> bool:
    """Whether all values are the same number: nothing to note."""
    return bool(np.isfinite(values).all() and values.min() == values.max())


def error(decoded: networks.Array, original: networks.Array) -> float:
    a, b = decoded.astype(np.float64), original.astype(np.float64)
    largest = np.abs(b).max()
    return float(np.linalg.norm(a / largest - b / largest) / np.linalg.norm(b / largest))


def test_what_cannot_be_quantized_is_exact_and_says_why() -> None:
    decoded, report = check(networks.using(**EXACT), quality=20)
    for name, values in EXACT.items():
        assert same(decoded[name], values), name
    assert all(tensor.error == 0 for tensor in report.tensors)
    assert all(tensor.note or is_constant(EXACT[tensor.name]) for tensor in report.tensors)


@pytest.mark.parametrize("name", ["inf (4, 30)", "nan (64, 50)", "denormal (64, 50)", "zero (4, 30)"])
def test_a_model_of_one_such_tensor(name: str) -> None:
    decoded, report = check(networks.using(w=EXACT[name]), target_size=20_000)
    assert same(decoded["w"], EXACT[name])
    assert bool(report.tensors[0].note) is not is_constant(EXACT[name])


@pytest.mark.parametrize("quality", [26, 140])
@pytest.mark.parametrize("name", LOSSY)
def test_what_is_odd_keeps_its_quality(name: str, quality: float) -> None:
    decoded, report = check(networks.using(w=LOSSY[name]), exactly=False, quality=quality)
    assert np.isfinite(decoded["w"].astype(np.float64)).all()
    found = error(decoded["w"], LOSSY[name])
    assert found == pytest.approx(report.tensors[0].error)
    assert found < 1.5 * max(10 ** (-quality / 20), 1e-6)


def test_what_is_no_real_number_is_exact() -> None:
    decoded, _ = check(networks.using(**OTHER), quality=10)
    for name, values in OTHER.items():
        assert same(decoded[name], values), name


@pytest.mark.parametrize("name", SHAPES)
def test_any_shape(name: str) -> None:
    decoded, _ = check(networks.using(w=SHAPES[name]))
    assert decoded["w"].shape == SHAPES[name].shape
    if SHAPES[name].size > 1:
        assert error(decoded["w"], SHAPES[name]) < 0.1


def test_all_of_it_in_one_model() -> None:
    decoded, report = check(networks.using(**EXACT, **LOSSY, **OTHER), quality=20)
    for name, values in {**EXACT, **OTHER}.items():
        assert same(decoded[name], values), name
    for name, values in LOSSY.items():
        # The small ones among them may have little noise, the large ones more.
        assert error(decoded[name], values) < 0.25, name
    assert {t.name for t in report.tensors} >= set(LOSSY)


def test_goals_hold_for_all_of_it() -> None:
    small = {name: v for name, v in {**EXACT, **LOSSY, **OTHER}.items() if v.shape == FLAT}
    model = networks.using(**small)
    whole = model.SerializeToString()
    target = (len(encode_bytes(whole, quality=10)[0]) + len(encode_bytes(whole, quality=50)[0])) // 2
    data, _ = encode_bytes(whole, target_size=target)
    assert 0.95 * target < len(data) <= target


def layer(op: str, weights: networks.Array, source: str = "Sigmoid", **attributes: Any) -> onnx.ModelProto:
    nodes = [
        helper.make_node(source, ["x"], ["s"]),
        helper.make_node(op, ["s", "w"], ["y"], **attributes),
    ]
    return networks.model_of(nodes, {"w": weights}, {"x": ()}, {"y": ()})


LAYERS: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "1-D": ("Conv", (48, 24, 7), {}),
    "long 1-D": ("Conv", (16, 8, 301), {}),
    "3-D": ("Conv", (16, 16, 3, 3, 3), {}),
    "15x15": ("Conv", (12, 8, 15, 15), {}),
    "16x16": ("Conv", (12, 8, 16, 16), {}),
    "17x17": ("Conv", (12, 8, 17, 17), {}),
    "1x7": ("Conv", (32, 16, 1, 7), {}),
    "7x1": ("Conv", (32, 16, 7, 1), {}),
    "3x5": ("Conv", (32, 16, 3, 5), {}),
    "1x1": ("Conv", (64, 96, 1, 1), {}),
    "1x1 odd": ("Conv", (64, 97, 1, 1), {}),
    "depthwise": ("Conv", (256, 1, 3, 3), {"group": 256}),
    "grouped": ("Conv", (64, 8, 3, 3), {"group": 8}),
    "transposed convolution": ("ConvTranspose", (32, 16, 4, 4), {}),
    "transposed convolution 1x1": ("ConvTranspose", (64, 48, 1, 1), {}),
    "grouped transposed convolution": ("ConvTranspose", (32, 8, 4, 4), {"group": 4}),
    "matmul": ("MatMul", (64, 96), {}),
    "stack of matmuls": ("MatMul", (4, 64, 32), {}),
    "gemm": ("Gemm", (64, 96), {}),
    "gemm transB": ("Gemm", (96, 64), {"transB": 1}),
    "small gemm": ("Gemm", (24, 32), {}),
    "lstm": ("LSTM", (2, 128, 40), {"hidden_size": 32, "direction": "bidirectional"}),
    "gru": ("GRU", (1, 96, 40), {"hidden_size": 32}),
}


@pytest.mark.parametrize("quality", [26, 90])
@pytest.mark.parametrize("name", LAYERS)
def test_every_kind_of_layer(name: str, quality: float) -> None:
    op, shape, attributes = LAYERS[name]
    weights = networks.heavy(RNG, *shape)
    decoded, _ = check(layer(op, weights, **attributes), exactly=quality > 50, quality=quality)
    # Shaped noise is allowed to be larger where it does not matter.
    assert error(decoded["w"], weights) < 2 * 10 ** (-quality / 20)


@pytest.mark.parametrize("quality", [20, 60, 85])
@pytest.mark.parametrize("name", ["1x1", "15x15", "gemm transB", "gemm", "transposed convolution"])
@pytest.mark.parametrize("outlier", [False, True])
def test_energy_in_one_coefficient(name: str, quality: float, outlier: bool) -> None:
    # All of it in the mean over channels and kernel: levels there are far larger than elsewhere.
    op, shape, attributes = LAYERS[name]
    rows = np.zeros((shape[0],) + (1,) * (len(shape) - 1))
    rows += RNG.normal(0, 1, rows.shape) if not outlier else 1e-3
    rows[0] = 100
    weights = (rows + networks.heavy(RNG, *shape) * 1e-2).astype(np.float32)
    decoded, _ = check(layer(op, weights, **attributes), exactly=False, quality=quality)
    assert error(decoded["w"], weights) < 6 * 10 ** (-quality / 20)


def test_embeddings() -> None:
    table = networks.heavy(RNG, 500, 32)
    node = helper.make_node("Gather", ["w", "x"], ["y"])
    decoded, report = check(networks.model_of([node], {"w": table}, {"x": (1,)}, {"y": ()}))
    assert report.tensors[0].role == "embedding"
    assert error(decoded["w"], table) < 0.1


def test_large_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "_LARGE_PARAMETER", 3000)
    values = RNG.normal(0, 1, 5000).astype(np.float32)
    decoded, report = check(layer("Add", values), quality=20)
    assert report.tensors[0].role in ("bias", "normalization")
    assert error(decoded["w"], values) < 0.15


def test_nothing_to_code() -> None:
    for model in (networks.model_of([], {}), networks.using(w=np.zeros(2, np.float32))):
        decoded, report = check(model)
        assert not report.tensors
        assert report.error == 0
        assert report.size > 0
        assert len(decoded) == len(model.graph.initializer)


def test_names_that_are_no_text() -> None:
    weights = networks.heavy(RNG, *LARGE)
    whole = layer("MatMul", weights).SerializeToString().replace(b"Sigmoid", b"\xff\xfeSigmo")
    data, report = encode_bytes(whole, method="lossless")
    assert decode_bytes(data) == {None: whole}
    data, report = encode_bytes(whole)
    assert len(decode_bytes(data)[None]) == len(whole)
    assert 0 < report.tensors[0].error < 0.1


def test_models_that_onnx_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = networks.heavy(RNG, *LARGE)
    whole = layer("MatMul", weights).SerializeToString()

    def refuse(data: bytes) -> onnx.ModelProto:
        raise DecodeError(f"{len(data)} bytes")

    with monkeypatch.context() as patch:
        patch.setattr(onnx, "load_model_from_string", refuse)
        exact, _ = encode_bytes(whole, method="lossless")
        data, report = encode_bytes(whole)
    assert decode_bytes(exact) == {None: whole}
    assert decode_bytes(data) == {None: whole}
    assert report.tensors[0].role == "other"
    assert report.tensors[0].note == "its use is not known"


def test_more_small_tensors_than_one_file_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (device, partition):
        monkeypatch.setattr(module, "MAX_TOGETHER", 3000)
    small = {f"w{i}": networks.heavy(RNG, 8, 2 + i) for i in range(12)}
    integers = {f"i{i}": RNG.integers(0, 1 << 40, 20 + i) for i in range(30)}
    data, report = encode_bytes(networks.using(**small, **integers).SerializeToString())
    sections = nntc.open(data).sections
    assert sum(section.type == SectionType.TENSOR for section in sections) > 10
    decoded, _ = check(networks.using(**small, **integers))
    assert all(same(decoded[name], values) for name, values in integers.items())
    assert all(error(decoded[name], values) < 0.2 for name, values in small.items())
    assert len(report.tensors) == 42


def test_unknown_fields_stay() -> None:
    weights = networks.heavy(RNG, *LARGE)
    model = networks.using(w=weights)
    extra = b"\xfa\x3f\x03abc" + b"\xc0\x3e\x07"
    whole = model.SerializeToString() + extra
    data, report = encode_bytes(whole)
    decoded = decode_bytes(data)[None]
    assert decoded.endswith(extra)
    assert 0 < report.tensors[0].error < 0.1
    assert decode_bytes(encode_bytes(whole, method="lossless")[0]) == {None: whole}


def test_elements_outside_raw_data() -> None:
    values = networks.heavy(RNG, *LARGE)
    packed = helper.make_tensor("packed", TensorProto.FLOAT, values.shape, values.ravel().tolist())
    doubles = helper.make_tensor("doubles", TensorProto.DOUBLE, values.shape, values.ravel().tolist())
    integers = helper.make_tensor("integers", TensorProto.INT64, (100,), list(range(100)))
    decoded, report = check(networks.holding(packed=packed, doubles=doubles, integers=integers))
    assert {t.name for t in report.tensors} >= {"packed", "doubles"}
    assert decoded["integers"].tolist() == list(range(100))
    assert error(decoded["packed"], values) < 0.1
    assert error(decoded["doubles"], values) < 0.1


@pytest.mark.parametrize("options", [{}, {"prune": 0.9, "bits": 5, "biases": True, "prune_scope": "global"}])
def test_deep_compression_of_all_of_it(options: dict[str, Any]) -> None:
    tensors = EXACT | LOSSY | OTHER | SHAPES
    model = networks.holding(**{name: tensors[name] for name in tensors})
    decoded, report = check(model, exactly=False, method="deep", **options)
    if not options:
        assert all(same(decoded[name], values) for name, values in tensors.items())
        assert report.error == 0
    for name in tensors:
        values = tensors[name]
        if name in OTHER or (values.dtype.kind == "f" and not np.isfinite(values).all()):
            assert same(decoded[name], values), name
        elif values.dtype.kind == "f":
            assert np.isfinite(decoded[name]).all(), name

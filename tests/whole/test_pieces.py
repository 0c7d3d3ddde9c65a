"""Payloads in pieces, in groups, repeated, and in several files."""

from __future__ import annotations

from pathlib import Path

import nntc
import numpy as np
import onnx
import pytest
from nntc.decoder.model import decode_bytes
from nntc.encoder import device
from nntc.encoder.encode import encode_bytes
from nntc.encoder.report import EncodeReport
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import quantization

from tests import networks

RNG = np.random.default_rng(9)


def check(model: onnx.ModelProto) -> tuple[onnx.ModelProto, EncodeReport, bytes]:
    """Encode exactly and with loss; return what the latter gives."""
    whole = model.SerializeToString()
    assert decode_bytes(encode_bytes(whole, method="lossless")[0]) == {None: whole}
    data, report = encode_bytes(whole)
    decoded = decode_bytes(data)[None]
    assert len(decoded) == len(whole)
    return onnx.load_model_from_string(decoded), report, data


def sections(data: bytes) -> int:
    return sum(section.type == 4 for section in nntc.open(data).sections)


def error(decoded: networks.Array, original: networks.Array) -> float:
    return float(np.linalg.norm(decoded - original) / np.linalg.norm(original))


def arrays(model: onnx.ModelProto) -> dict[str, networks.Array]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize("limit", [400, 3000, 9000])
def test_large_payloads_are_cut(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = networks.classifier()
    weights = arrays(whole)
    # Again, under other names: repeats of something in pieces, and of something in a group.
    for name in ("conv", "dense", "bn1.var", "bn2.bias"):
        whole.graph.initializer.append(numpy_helper.from_array(weights[name], f"again.{name}"))
    before = len(encode_bytes(whole.SerializeToString())[1].tensors)
    monkeypatch.setattr(device, "MAX_PIECE", limit)
    model, report, _ = check(whole)
    assert len(report.tensors) > before
    decoded = arrays(model)
    for name, values in weights.items():
        assert error(decoded[name], values) < 0.2, name
    for name in ("conv", "dense", "bn1.var", "bn2.bias"):
        assert (decoded[f"again.{name}"] == decoded[name]).all()
    assert sum(tensor.size for tensor in report.tensors) == sum(v.size for v in weights.values())


def test_tied_weights_are_coded_once() -> None:
    large, small = networks.heavy(RNG, 96, 64), networks.heavy(RNG, 10, 10)
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(large, "t"))
    branches = {
        f"{kind}_branch": helper.make_graph(
            [
                helper.make_node("Constant", [], [f"{kind}.l"], value=numpy_helper.from_array(large, "t")),
                helper.make_node("Constant", [], [f"{kind}.s"], value=numpy_helper.from_array(small, "s")),
                helper.make_node("MatMul", [f"{kind}.l", "k"], [f"{kind}.y"]),
                helper.make_node("MatMul", [f"{kind}.s", "k"], [f"{kind}.z"]),
            ],
            kind,
            [],
            [helper.make_tensor_value_info(f"{kind}.y", TensorProto.FLOAT, None)],
        )
        for kind in ("then", "else")
    }
    choice = helper.make_node("If", ["x"], ["y"], **branches)
    uses = [helper.make_node("MatMul", [name, "k"], [f"{name}.y"]) for name in "absuc"]
    constants = {"a": large, "b": large, "s": small, "u": small + 1, "unused": large}
    model, report, _ = check(networks.model_of([constant, choice, *uses], dict(constants), {"x": ()}))
    assert len(report.tensors) == 3
    assert report.ratio > 20
    decoded = arrays(model)
    copies = [decoded["b"], decoded["unused"], numpy_helper.to_array(model.graph.node[0].attribute[0].t)]
    copies += [numpy_helper.to_array(a.g.node[0].attribute[0].t) for a in model.graph.node[1].attribute]
    assert all((copy == decoded["a"]).all() for copy in copies)
    assert error(decoded["a"], large) < 0.1
    smalls = [numpy_helper.to_array(a.g.node[1].attribute[0].t) for a in model.graph.node[1].attribute]
    assert all((copy == decoded["s"]).all() for copy in smalls)


def test_small_transposed_weights_in_groups() -> None:
    weights = {f"w{i}": networks.heavy(RNG, 8 + i, 20) for i in range(6)}
    nodes = [helper.make_node("Gemm", [f"x{i}", f"w{i}"], [f"y{i}"], transB=i % 2) for i in range(6)]
    model, report, data = check(networks.model_of(nodes, dict(weights)))
    assert sections(data) <= 2  # one for those with rows of very different size
    for tensor in report.tensors:
        found = error(arrays(model)[tensor.name], weights[tensor.name])
        assert found == pytest.approx(tensor.error, rel=1e-5)
        assert found < 0.15


def test_external_data_in_two_files(tmp_path: Path) -> None:
    weights = {name: networks.heavy(RNG, 64, columns) for name, columns in (("a", 64), ("b", 4), ("c", 50))}
    constants = {}
    for name, location in (("a", "one.bin"), ("b", "one.bin"), ("c", "two.bin")):
        tensor = numpy_helper.from_array(weights[name], name)
        path = tmp_path / location
        offset = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            file.write(tensor.raw_data)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset), ("length", weights[name].nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        constants[name] = tensor
    source = tmp_path / "model.onnx"
    source.write_bytes(networks.using(**constants).SerializeToString())
    exact, _ = encode_bytes(source, method="lossless")
    files: dict[str | None, bytes] = {None: source.read_bytes()}
    files.update((name, (tmp_path / name).read_bytes()) for name in ("one.bin", "two.bin"))
    assert decode_bytes(exact) == files
    data, report = encode_bytes(source)
    assert report.original_size == sum(map(len, files.values()))
    (tmp_path / "out").mkdir()
    nntc.decode(data, tmp_path / "out" / "model.onnx")
    decoded = arrays(onnx.load(tmp_path / "out" / "model.onnx"))
    for name, values in weights.items():
        assert 0 < error(decoded[name], values) < 0.1


@pytest.mark.parametrize("pattern", ["dynamic", "qdq"])
def test_quantized_models_keep_all_but_their_weights(pattern: str, tmp_path: Path) -> None:
    source, target = tmp_path / "model.onnx", tmp_path / "quantized.onnx"
    onnx.save(networks.classifier(), source)
    if pattern == "dynamic":
        quantization.quantize_dynamic(source, target, weight_type=quantization.QuantType.QInt8)
    else:
        quantization.quantize_static(source, target, Images(), quant_format=quantization.QuantFormat.QDQ)
    original = onnx.load(target)
    model, _, data = check(original)
    tensors = original.graph.initializer
    weights = {t.name for t in tensors if t.data_type == TensorProto.INT8 and len(t.dims) > 1}
    kept = {
        t.name for t in tensors if t.data_type != TensorProto.FLOAT or t.name.endswith("_scale")
    } - weights
    assert len(kept) > 5
    before, after = arrays(original), arrays(model)
    assert all((before[name] == after[name]).all() for name in kept)
    assert any((before[name] != after[name]).any() for name in weights)
    assert all(before[name].dtype == after[name].dtype for name in weights)
    onnx.checker.check_model(model)
    assert len(data) < target.stat().st_size


class Images(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Random images to calibrate with."""

    def __init__(self) -> None:
        images = RNG.normal(0, 1, (4, 1, 3, 12, 12)).astype(np.float32)
        self._images = iter([{"image": image} for image in images])

    def get_next(self) -> dict[str, networks.Array] | None:
        return next(self._images, None)

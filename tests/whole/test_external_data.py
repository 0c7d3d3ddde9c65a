"""External data in folders, hidden, or with names that few systems have: coded, restored, run, compared."""

from __future__ import annotations

from pathlib import Path

import nntc
import numpy as np
import pytest
from onnx import TensorProto, helper

WEIGHTS = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)


def save(folder: Path, *locations: str) -> Path:
    """Write a chain of matrix products, each with its weights in a file of its own."""
    folder.mkdir()
    tensors, nodes = [], []
    for number, location in enumerate(locations):
        tensor = TensorProto(
            name=f"w{number}", data_type=1, dims=WEIGHTS.shape, data_location=TensorProto.EXTERNAL
        )
        tensor.external_data.add(key="location", value=location)
        tensors.append(tensor)
        nodes.append(helper.make_node("MatMul", [f"h{number}", tensor.name], [f"h{number + 1}"]))
        (folder / location).parent.mkdir(parents=True, exist_ok=True)
        (folder / location).write_bytes((WEIGHTS + number).tobytes())
    ends = [helper.make_tensor_value_info(f"h{n}", 1, ["n", 64]) for n in (0, len(locations))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    "locations",
    [
        ["weights/w.bin", "weights/deep/w.bin"],
        ["./w.bin", "././v.bin"],
        [".w.bin", ".h/w"],
        ["onnx::MatMul_12"],
        ["W.bin", "w.bin"],
        ["MODEL.ONNX", "con", "w."],
        ["größe/重み", " w "],
    ],
)
def test_everything_that_takes_a_model_takes_one_with_external_data(
    tmp_path: Path, locations: list[str]
) -> None:
    original = save(tmp_path / "in", *locations)
    coded = tmp_path / "model.nntc"
    nntc.encode(original, coded, method="lossless")
    (tmp_path / "out").mkdir()
    nntc.decode(coded, tmp_path / "out" / "model.onnx")
    assert files(tmp_path / "out") == files(tmp_path / "in")
    assert nntc.verify(coded, original).identical
    with nntc.open(coded) as container:
        for number in range(len(locations)):
            assert np.array_equal(container.tensors[f"w{number}"].array(), WEIGHTS + np.float32(number))
    x = np.ones((1, 64), np.float32)
    expected = x.astype(np.float64)
    for number in range(len(locations)):
        expected = expected @ (WEIGHTS + np.float32(number))
    assert np.allclose(nntc.session(coded).run(None, {"h0": x})[0], expected, rtol=1e-3)


def test_lossy_coding_is_measured_on_the_files_that_decoding_gives(tmp_path: Path) -> None:
    original = save(tmp_path / "in", "weights/a", ".b")
    samples = [{"h0": x[None]} for x in np.random.default_rng(1).standard_normal((16, 64)).astype("f4")]
    report = nntc.encode(original, tmp_path / "m.nntc", calibration=samples, evaluation=samples)
    assert report.fidelity is not None
    assert report.ratio > 2

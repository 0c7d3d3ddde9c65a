"""Measures of the network that reads digits, beside those computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import onnxruntime
import pytest
from nntc.encoder.encode import encode_bytes
from nntc.encoder.goals.evaluation import Evaluator
from nntc.encoder.goals.fidelity import Fidelity, Measure, MeasuredOn
from nntc.encoder.goals.measuring import open_decoded
from nntc.encoder.goals.samples import count_shared, divide, load_evaluation
from nntc.encoder.network.network import Network
from nntc.encoder.samples import Samples
from nntc.errors import SamplesError
from onnx import helper, numpy_helper

from tests import digits


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return digits.write_network(tmp_path_factory.mktemp("network"))


def measured(network: Path, source: Any, data: bytes, *, labelled: bool = False, jobs: int = 1) -> Fidelity:
    original = Network(network)
    samples = load_evaluation(source, original.inputs, labelled=labelled)
    return Evaluator(original, samples, MeasuredOn.EVALUATION, jobs=jobs).measure(open_decoded(data))


def test_measures_are_those_of_the_decoded_network(network: Path, tmp_path: Path) -> None:
    data, _ = encode_bytes(network, quality=7)
    found = measured(network, digits.write_samples(tmp_path / "l.npz", 300), data)
    values, labels = digits.images(300)
    before = onnxruntime.InferenceSession(network).run(None, {digits.INPUT: values})[0]
    (tmp_path / "m.nntc").write_bytes(data)
    after = nntc.session(tmp_path / "m.nntc").run(None, {digits.INPUT: values})[0]
    ranked = np.argsort(-after, axis=1, kind="stable")
    assert (found.samples, found.measure) == (300, Measure.KL)
    assert found.agreement is not None
    assert found.agreement.count == int((before.argmax(1) == after.argmax(1)).sum())
    assert found.top1 is not None
    assert found.top1.count == int((ranked[:, 0] == labels).sum()) < 300
    assert found.top5 is not None
    assert found.top5.count == int((ranked[:, :5] == labels[:, None]).any(1).sum())
    assert found.original_top1 is not None
    assert found.original_top1.count == int((before.argmax(1) == labels).sum())
    assert found.divergence > 0.01
    assert 0.5 < found.cosine < 0.9999


def test_a_network_equals_itself(network: Path, tmp_path: Path) -> None:
    data, _ = encode_bytes(network, method="lossless")
    found = measured(network, digits.write_samples(tmp_path / "s.npz", 20, labelled=False), data)
    assert found.divergence == pytest.approx(0, abs=1e-12)
    assert found.cosine == pytest.approx(1)
    assert found.agreement is not None
    assert found.agreement.count == 20
    assert (found.top1, found.top5, found.original_top1) == (None, None, None)


def test_threads_and_forms_of_samples_never_show(network: Path, tmp_path: Path) -> None:
    data, _ = encode_bytes(network, quality=8)
    path = digits.write_samples(tmp_path / "l.npz", 40)
    expected = measured(network, path, data)
    assert measured(network, path, data, jobs=3) == expected
    values, labels = digits.images(40)
    dictionaries = [
        {digits.INPUT: image[None], "labels": label} for image, label in zip(values, labels, strict=True)
    ]
    assert measured(network, iter(dictionaries), data) == expected
    folder = tmp_path / "folder"
    folder.mkdir()
    for part in range(2):
        half = slice(20 * part, 20 * part + 20)
        digits.save(folder / f"{part}.npz", {digits.INPUT: values[half], "labels": labels[half]})
    assert measured(network, folder, data) == expected
    batches = [{digits.INPUT: values[part], "labels": labels[part]} for part in (slice(16), slice(16, None))]
    assert measured(network, batches, data).agreement == expected.agreement
    assert measured(network, batches, data).samples == 40


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"picture": "images", "labels": "labels"}, "expected arrays image, labels, found"),
        ({"image": "labels", "labels": "labels"}, "image"),
        ({"image": "images"}, "have no labels"),
        ({"image": "images", "labels": "few"}, "different numbers of samples"),
        ({"image": "images", "labels": "high"}, "labels must be 0 to 9"),
        ({"image": "images", "labels": "real"}, "labels"),
    ],
)
def test_samples_that_do_not_fit(arrays: dict[str, str], reason: str, network: Path, tmp_path: Path) -> None:
    values, labels = digits.images(30)
    known = {
        "images": values,
        "labels": labels,
        "few": labels[:7],
        "high": labels + 3,
        "real": labels + 0.5,
    }
    digits.save(tmp_path / "s.npz", {name: known[which] for name, which in arrays.items()})
    with pytest.raises(SamplesError, match=reason) as raised:
        measured(network, tmp_path / "s.npz", b"", labelled=True)
    assert raised.value.id == "E_SAMPLES"


@pytest.mark.parametrize("count", [8, 9, 31, 64])
def test_samples_held_out_are_not_calibrated_with(count: int) -> None:
    batches = [{"x": np.full((1, 2), number, np.float32)} for number in range(count)]
    division = divide(Samples(batches), is_search=True)
    kept, held_out = division.kept, division.held
    assert kept is not None
    assert held_out is not None
    assert len(held_out) == -(-count // 4)
    assert len(kept) + len(held_out) == count
    assert count_shared(kept, held_out) == 0
    assert count_shared(Samples(batches), kept) == len(kept)


def test_few_samples_cannot_be_divided() -> None:
    with pytest.raises(SamplesError, match="7 calibration samples are too few"):
        divide(Samples([{"x": np.zeros(1)}] * 7), is_search=True)


@pytest.mark.parametrize(
    ("count", "each", "kept", "held"),
    [
        (1, 1, None, 1),
        (2, 7, None, 2),
        (1, 64, 1, None),
        (2, 8, 1, 1),
        (3, 1, 2, 1),
        (4, 1, 3, 1),
        (8, 1, 6, 2),
        (15, 1, 11, 4),
        (16, 1, 14, 2),
        (128, 1, 112, 16),
    ],
)
def test_samples_are_divided_by_how_many_there_are(
    count: int, each: int, kept: int | None, held: int | None
) -> None:
    division = divide(Samples([{"x": np.zeros((each, 2), np.float32)}] * count), is_search=False)
    assert tuple(part and len(part) for part in (division.kept, division.held)) == (kept, held)
    assert ("too few to calibrate with" in division.remark) is (kept is None)


def test_labels_do_not_make_samples_differ() -> None:
    image = np.ones((1, 2), np.float32)
    assert count_shared(Samples([{"x": image, "labels": np.array(3)}]), Samples([{"x": image}])) == 1


def test_embeddings_have_a_cosine_and_no_answers(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    weights = numpy_helper.from_array(draw.normal(size=(40, 30)).astype(np.float32), "w")
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["y"])],
        "g",
        [value("x", onnx.TensorProto.FLOAT, ["n", 40])],
        [value("y", onnx.TensorProto.FLOAT, ["n", 30])],
        [weights],
    )
    path = tmp_path / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    data, _ = encode_bytes(path, quality=15)
    samples = [{"x": draw.normal(size=(1, 40)).astype(np.float32)} for _ in range(5)]
    found = measured(path, samples, data)
    assert found.measure is Measure.SQUARED_ERROR
    assert found.agreement is None
    assert 0 < found.divergence < 0.3
    assert 0.8 < found.cosine < 1
    labelled = measured(path, [{**sample, "labels": 1} for sample in samples], data)
    assert labelled.measure is Measure.KL
    assert labelled.top1 is not None

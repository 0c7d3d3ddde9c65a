from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import onnxruntime
import pytest
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode, encode_bytes
from nntc.encoder.options import DEFAULT_QUALITY, check_options
from nntc.errors import ModelError, OutputError
from nntc.format.registry import SectionType
from nntc.progress import Phase, ProgressEvent
from onnx import helper, numpy_helper

from tests import networks

CLASSIFIER = networks.classifier().SerializeToString()
ELEMENTS = sum(int(np.prod(t.dims)) for t in networks.classifier().graph.initializer)


def arrays(model: bytes) -> dict[str, networks.Array]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load_model_from_string(model).graph.initializer}


def distance(decoded: bytes, original: bytes, name: str) -> float:
    """Return the relative error of a tensor."""
    a, b = (arrays(model)[name].astype(np.float64) for model in (decoded, original))
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def scores(model: bytes, images: networks.Array) -> networks.Array:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"image": image[None]})[0] for image in images])


def test_the_model_decodes_to_what_the_file_says_and_runs(tmp_path: Path) -> None:
    source, target = tmp_path / "model.onnx", tmp_path / "model.nntc"
    source.write_bytes(CLASSIFIER)
    report = nntc.encode(source, target)
    assert report.size == target.stat().st_size
    assert report.original_size == len(CLASSIFIER)
    assert report.ratio > 5
    result = nntc.decode(target, tmp_path / "decoded.onnx")
    decoded = (tmp_path / "decoded.onnx").read_bytes()
    assert len(decoded) == len(CLASSIFIER)
    assert [file.sha256 for file in result.files] == [hashlib.sha256(decoded).hexdigest()]
    assert decoded == decode_bytes(target.read_bytes())[None]
    onnx.checker.check_model(onnx.load_model_from_string(decoded), full_check=True)
    images = np.random.default_rng(1).normal(0, 1, (4, 3, 12, 12)).astype(np.float32)
    expected = scores(CLASSIFIER, images)
    assert np.linalg.norm(scores(decoded, images) - expected) < 0.2 * np.linalg.norm(expected)


def test_reported_errors_are_those_of_the_decoded_tensors() -> None:
    data, report = encode_bytes(CLASSIFIER)
    decoded = decode_bytes(data)[None]
    assert {t.name for t in report.tensors} == set(arrays(CLASSIFIER))
    for tensor in report.tensors:
        assert tensor.error == pytest.approx(distance(decoded, CLASSIFIER, tensor.name), rel=1e-6, abs=1e-12)
        assert tensor.error < 0.3
    expected = 10 ** (-DEFAULT_QUALITY / 20)
    assert expected / 1.6 < report.error < expected * 1.6


def test_a_higher_quality_is_larger_and_closer() -> None:
    qualities = (5, 15, 26, 50, 90, 140)
    reports = [encode_bytes(CLASSIFIER, quality=quality)[1] for quality in qualities]
    sizes = [report.size for report in reports]
    errors = [report.error for report in reports]
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)
    for quality, error in zip(qualities, errors, strict=True):
        if quality <= 110:
            assert abs(-20 * np.log10(error) - quality) < 6


@pytest.mark.parametrize("bits", [2, 4.5, 11])
def test_bits_are_those_of_the_tensors(bits: float) -> None:
    data, report = encode_bytes(CLASSIFIER, bits=bits)
    wanted = bits * ELEMENTS / 8
    assert 0.95 * wanted < len(data) - report.graph_size < 1.04 * wanted
    decode_bytes(data)


@pytest.mark.parametrize("ratio", [3, 14.0])
def test_ratios_are_kept_and_used_up(ratio: float) -> None:
    data, report = encode_bytes(CLASSIFIER, ratio=ratio)
    assert ratio <= report.ratio < 1.04 * ratio
    decode_bytes(data)


@pytest.mark.parametrize("size", range(6000, 40_000, 9889))
def test_files_are_no_larger_than_asked_for(size: int) -> None:
    data, _ = encode_bytes(CLASSIFIER, target_size=size)
    assert 0.96 * size < len(data) <= size


def test_for_the_weights_sake_all_have_one_squared_error() -> None:
    data, report = encode_bytes(CLASSIFIER, quality=25, objective="weights")
    decoded, original = arrays(decode_bytes(data)[None]), arrays(CLASSIFIER)
    errors = {
        name: float(np.mean((decoded[name].astype(np.float64) - original[name]) ** 2))
        for name in original
        if original[name].ndim > 1 and original[name].size > 2000
    }
    assert len(errors) > 1
    assert max(errors.values()) < 1.3 * min(errors.values())
    assert report.error < encode_bytes(CLASSIFIER, target_size=report.size)[1].error


def test_a_target_larger_than_needed_gives_the_best_quality() -> None:
    data, report = encode_bytes(CLASSIFIER, target_size=10 * len(CLASSIFIER))
    assert len(data) <= len(CLASSIFIER)
    assert report.error < 1e-3


@pytest.mark.parametrize(
    "goal",
    [
        {"target_size": 100},
        {"ratio": 1000},
        {"bits": 0.1},
        {"ratio": 6, "exact": "*"},
        {"target_size": 3000, "exact": "*"},
        {"bits": 2, "exact": "*"},
    ],
)
def test_goals_out_of_reach_are_refused(goal: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="smaller") as raised:
        nntc.encode(CLASSIFIER, tmp_path / "x.nntc", **goal)
    assert raised.value.id == "E_GOAL"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "chosen",
    [
        {"quality": 30, "bits": 4},
        {"ratio": 3, "target_size": 1000},
        {"entropy": "rans"},
        {"method": "lossless", "quality": 30},
        {"method": "lossless", "entropy": "zstd"},
        {"method": "dct", "quality": 30},
        {"method": "dct", "objective": "weights"},
        {"objective": "nothing"},
        {"method": "quantization", "bits": 0},
        {"method": "clustering", "bits": 9},
        {"method": "dct", "bits": 2.5},
        {"method": "dct", "entropy": "lzma"},
        {"method": "best"},
        {"quality": 0},
        {"quality": 141},
        {"quality": float("nan")},
        {"bits": 0.01},
        {"bits": 33},
        {"bits": float("nan")},
        {"target_size": 0},
        {"ratio": 0},
        {"ratio": -1.0},
        {"ratio": float("nan")},
        {"ratio": float("inf")},
        {"jobs": 0},
        {"jobs": -2},
    ],
)
def test_options_that_do_not_go_together(chosen: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_options(**chosen)


@contextmanager
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as executor:
        yield executor


@contextmanager
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@contextmanager
def cluster() -> Iterator[Executor]:
    distributed = pytest.importorskip("distributed")
    workers = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    with distributed.Client(processes=False, **workers) as client:
        yield client.get_executor()


@pytest.fixture(scope="module")
def alone() -> dict[str, bytes]:
    return {
        "auto": encode_bytes(CLASSIFIER)[0],
        "goal": encode_bytes(CLASSIFIER, ratio=12)[0],
        "lossless": encode_bytes(CLASSIFIER, method="lossless")[0],
    }


@pytest.mark.parametrize("jobs", [2, 5])
def test_jobs_never_show(jobs: int, alone: dict[str, bytes]) -> None:
    assert encode_bytes(CLASSIFIER, jobs=jobs)[0] == alone["auto"]
    assert encode_bytes(CLASSIFIER, jobs=jobs, ratio=12)[0] == alone["goal"]
    assert encode_bytes(CLASSIFIER, jobs=jobs, method="lossless")[0] == alone["lossless"]


@pytest.mark.parametrize("pool", [threads, processes, cluster])
def test_executors_never_show(pool: Any, alone: dict[str, bytes]) -> None:
    with warnings.catch_warnings():
        # What distributed itself leaves open or calls; nothing of ours.
        warnings.filterwarnings("ignore", module=r"(distributed|dask|tornado)(\.|$)")
        with pool() as executor:
            assert encode_bytes(CLASSIFIER, jobs=executor)[0] == alone["auto"]
            assert encode_bytes(CLASSIFIER, jobs=executor, method="lossless")[0] == alone["lossless"]


def test_progress_ends_at_its_total() -> None:
    seen: list[ProgressEvent] = []
    encode_bytes(CLASSIFIER, progress=seen.append)
    phases = list(dict.fromkeys(event.phase for event in seen))
    assert phases == [Phase.ENCODING, Phase.ASSEMBLING, Phase.CHECKING]
    for phase in phases:
        last = [event for event in seen if event.phase is phase][-1]
        assert last.done == last.total


def test_files_of_the_model_are_not_replaced(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.arange(600, dtype=np.float32).reshape(20, 30), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    value = helper.make_tensor_value_info
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node], "g", [value("x", float32, [1, 20])], [value("y", float32, [1, 30])], [weights]
    )
    onnx.save(
        helper.make_model(graph),
        tmp_path / "m.onnx",
        save_as_external_data=True,
        location="m.data",
        size_threshold=0,
    )
    before = (tmp_path / "m.data").read_bytes()
    for name in ("m.data", "m.onnx"):
        with pytest.raises(OutputError, match="E_OUTPUT_EXISTS"):
            encode(tmp_path / "m.onnx", tmp_path / name)
    assert (tmp_path / "m.data").read_bytes() == before


def section_bytes(coded: bytes) -> set[bytes]:
    """Return the TENSOR sections of a file, and its TABLES if there are."""
    with nntc.open(coded) as container:
        kinds = (SectionType.TENSOR, SectionType.TABLES)
        return {coded[s.offset : s.offset + s.length] for s in container.sections if s.type in kinds}


def test_what_is_the_same_in_two_versions_takes_the_same_bytes_if_that_is_asked_for() -> None:
    rng = np.random.default_rng(5)
    weights = {f"w{i}": networks.heavy(rng, 64, 60) for i in range(4)}
    changed = {**weights, "w1": networks.heavy(rng, 64, 60) * 3}
    versions = [networks.using(**own).SerializeToString() for own in (weights, changed)]
    plain, stable = (
        [section_bytes(encode_bytes(version, quality=30, stable=own)[0]) for version in versions]
        for own in (False, True)
    )
    assert len(stable[0] & stable[1]) == 3
    assert len(plain[0] & plain[1]) == 0

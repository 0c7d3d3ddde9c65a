"""Updates from end to end: whatever changed, the new version comes out; small changes make small files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.encoder.report import EncodeReport
from numpy.typing import NDArray
from onnx import numpy_helper

from tests import networks

Array = NDArray[Any]
SMALL_FILE = 500
"""Bytes of an update in which nothing has changed."""


def weights(seed: int = 0, **more: Array) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "table": networks.heavy(rng, 90, 32),
        "kernel": networks.heavy(rng, 48, 16, 3, 3),
        "dense": networks.heavy(rng, 64, 200),
        "bias": networks.heavy(rng, 200),
        "scale": 1 + networks.heavy(rng, 64),
        "few": np.arange(40, dtype=np.int64),
        **more,
    }


def learnt(own: dict[str, Array], size: float = 0.01, seed: int = 1) -> dict[str, Array]:
    """Return weights after training: a change of low rank, and a little noise."""
    rng = np.random.default_rng(seed)
    changed = {}
    for name, old in own.items():
        if old.dtype.kind != "f":
            changed[name] = old
            continue
        rows = old.reshape(old.shape[0], -1)
        step = np.outer(rng.normal(size=len(rows)), rng.normal(size=rows.shape[1]))
        step += 0.1 * rng.normal(size=rows.shape)
        new = rows + size * float(rows.std()) * step
        changed[name] = new.reshape(old.shape).astype(old.dtype)
    return changed


def model(own: dict[str, Array]) -> bytes:
    return bytes(networks.using(**own).SerializeToString())


def arrays(data: bytes) -> dict[str, Array]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load_from_string(data).graph.initializer}


def update(new: bytes, base: bytes, **options: Any) -> tuple[bytes, bytes, EncodeReport]:
    """Return an update, what it decodes to, and its report."""
    coded, report = nntc.encode_bytes(new, base=base, **options)
    return coded, nntc.decode_bytes(coded, base=base)[None], report


def changes(report: EncodeReport) -> dict[str, str]:
    return {tensor.name: tensor.change for tensor in report.tensors}


OLD = weights()
V0, V1 = model(OLD), model(learnt(OLD))
CODED = nntc.encode_bytes(V0, quality=30)[0]
DECODED = nntc.decode_bytes(CODED)[None]


@pytest.mark.parametrize("options", [{"method": "lossless"}, {"quality": 30}, {"ratio": 3}, {"exact": "*"}])
def test_what_has_not_changed_takes_hardly_a_byte(options: dict[str, Any]) -> None:
    coded, decoded, report = update(V0, V0, **options)
    assert decoded == V0
    assert len(coded) <= SMALL_FILE
    assert set(changes(report).values()) == {"same"}


def test_an_unchanged_model_stays_as_it_was_coded() -> None:
    coded, decoded, _ = update(V0, CODED, base_exact=V0)
    assert decoded == DECODED
    assert len(coded) <= SMALL_FILE


def test_what_was_learnt_arrives_in_few_bytes() -> None:
    coded, decoded, report = update(V1, CODED, base_exact=V0)
    fresh = len(nntc.encode_bytes(V1, quality=30)[0])
    assert len(coded) < 0.25 * fresh
    new, exact, found, old = (arrays(data) for data in (V1, V0, decoded, DECODED))
    for name in ("table", "kernel", "dense"):
        change = new[name].astype(np.float64) - exact[name]
        arrived = found[name].astype(np.float64) - old[name]
        assert np.square(arrived - change).sum() < 0.2 * np.square(change).sum(), name
    assert changes(report)["dense"] == "low rank"
    assert changes(report)["few"] == "same"


def test_a_device_has_the_memory_for_an_update() -> None:
    coded, decoded, _ = update(V1, V0, device_memory=1 << 15)
    new, found = arrays(V1), arrays(decoded)
    assert np.square(found["dense"] - new["dense"]).sum() < 1e-3 * np.square(new["dense"]).sum()
    with nntc.open(coded, base=V0) as container:
        assert container.working_memory <= 1 << 15


def test_refined_weights_are_those_of_the_new_model() -> None:
    _, decoded, _ = update(V1, CODED, refine=True)
    new, found = arrays(V1), arrays(decoded)
    for name in ("table", "kernel", "dense"):
        assert np.square(found[name] - new[name]).sum() < 1e-3 * np.square(new[name]).sum(), name


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-4, 0.01, 0.3, 2.0]), st.booleans())
def test_lossless_updates_give_the_model(seed: int, size: float, some: bool) -> None:
    new = learnt(OLD, size, seed)
    if some:
        rng = np.random.default_rng(seed)
        for name in new:
            if rng.random() < 0.6:
                new[name] = OLD[name]
    whole = model(new)
    assert update(whole, V0, method="lossless")[1] == whole


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1e-3, 0.05, 1.0]), st.sampled_from([12.0, 30.0, 50.0]))
def test_updates_are_as_near_as_the_base_allows(seed: int, size: float, quality: float) -> None:
    new = model(learnt(OLD, size, seed))
    _, decoded, _ = update(new, CODED, base_exact=V0, quality=quality)
    wanted, found = arrays(new), arrays(decoded)
    for name, own in wanted.items():
        if own.dtype.kind == "f":
            error = np.square(found[name].astype(np.float64) - own).sum() / np.square(own).sum()
            assert error < 10 ** (-min(quality, 30) / 10) * 20, name


def test_chains_give_what_the_last_update_was_made_for() -> None:
    versions = [V0]
    own = OLD
    for seed in range(3):
        own = learnt(own, 0.01, seed)
        versions.append(model(own))
    files, base = [CODED], DECODED
    for before, new in pairwise(versions):
        coded, decoded, _ = update(new, base, base_exact=before)
        files.append(coded)
        base = decoded
    assert nntc.decode_bytes(files[-1], base=files[0], via=files[1:-1])[None] == base
    wanted, found = arrays(versions[-1])["dense"], arrays(base)["dense"]
    error = np.square(found - wanted).sum() / np.square(wanted).sum()
    assert error < 2e-3


def test_tensors_are_found_under_other_names_in_another_order() -> None:
    renamed = {f"other/{name}": OLD[name] for name in reversed(OLD)}
    coded, decoded, report = update(model(renamed), V0, method="lossless")
    assert decoded == model(renamed)
    assert set(changes(report).values()) == {"same"}
    assert len(coded) < 1000
    moved = {f"x{n}": array for n, array in enumerate(learnt(OLD).values())}
    _, _, report = update(model(moved), CODED, base_exact=V0)
    assert {changes(report)[f"x{n}"] for n in (0, 1, 2)} == {"low rank"}


def test_a_table_with_more_rows_sends_the_new_ones() -> None:
    more = {**OLD, "table": np.concatenate([OLD["table"], networks.heavy(np.random.default_rng(5), 10, 32)])}
    coded, decoded, _ = update(model(more), V0, method="lossless")
    assert decoded == model(more)
    assert len(coded) < 10 * 32 * 4 + 1000
    fewer = {**OLD, "table": OLD["table"][:80]}
    coded, decoded, _ = update(model(fewer), V0, method="lossless")
    assert decoded == model(fewer)
    assert len(coded) < 1000


def test_layers_come_and_go() -> None:
    other = {name: array for name, array in OLD.items() if name != "kernel"}
    other["added"] = networks.heavy(np.random.default_rng(9), 40, 40)
    coded, decoded, report = update(model(other), V0, method="lossless")
    assert decoded == model(other)
    assert changes(report)["added"] == "fresh"
    assert len(coded) < 40 * 40 * 4 + 1000


@pytest.mark.parametrize("method", ["lossless", "auto"])
def test_other_element_types_come_from_the_base(method: str) -> None:
    halves = {name: a.astype(np.float16) if a.dtype.kind == "f" else a for name, a in learnt(OLD).items()}
    new = model(halves)
    coded, decoded, _ = update(new, V0, method=method)
    fresh = len(nntc.encode_bytes(new, method=method)[0])
    assert len(coded) < 0.8 * fresh
    if method == "lossless":
        assert decoded == new


def test_a_model_with_nothing_in_common_is_sent_by_itself() -> None:
    new = model(weights(77))
    coded, report = nntc.encode_bytes(new, base=CODED, base_exact=V0)
    fresh = len(nntc.encode_bytes(new)[0])
    assert len(coded) <= 1.005 * fresh
    assert nntc.decode_bytes(coded)[None] is not None
    assert "in common" in report.remarks[-1]


def test_external_data_of_both_versions(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, own in ((old, OLD), (new, learnt(OLD))):
        folder.mkdir()
        onnx.save(
            networks.using(**own), folder / "net.onnx", save_as_external_data=True, location="a.bin",
            size_threshold=0,
        )  # fmt: skip
    (tmp_path / "out").mkdir()
    chosen: tuple[dict[str, Any], ...] = {"method": "lossless"}, {}
    for options in chosen:
        target = tmp_path / "update.nntc"
        report = nntc.encode(new / "net.onnx", target, base=old / "net.onnx", **options)
        nntc.decode(target, tmp_path / "out" / "net.onnx", base=old / "net.onnx", replace_external=True)
        if options:
            for name in ("net.onnx", "a.bin"):
                assert (tmp_path / "out" / name).read_bytes() == (new / name).read_bytes()
        assert report.graph_size < 500


def test_equal_tensors_are_coded_once() -> None:
    twice = {**learnt(OLD), "again": learnt(OLD)["dense"]}
    coded, decoded, _ = update(model(twice), V0, method="lossless")
    assert decoded == model(twice)
    once = update(model(learnt(OLD)), V0, method="lossless")[0]
    assert len(coded) < len(once) + 500


def test_goals_and_samples_go_with_updates() -> None:
    old = networks.decisive(8)
    rng = np.random.default_rng(0)
    new = onnx.ModelProto()
    new.CopyFrom(old)
    for tensor in new.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f":
            moved = array * (1 + 0.01 * rng.normal(size=array.shape)).astype(array.dtype)
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(array.dtype), tensor.name))
    samples = [
        {"image": np.kron(rng.normal(0, 3, (1, 3, 4, 4)), np.ones((3, 3))).astype(np.float32)}
        for _ in range(24)
    ]
    base = nntc.encode_bytes(old)[0]
    chosen: tuple[dict[str, Any], ...] = {}, {"min_agreement": 0.8}
    for options in chosen:
        coded, report = nntc.encode_bytes(new, base=base, base_exact=old, calibration=samples, **options)
        assert report.fidelity is not None
        assert nntc.decode_bytes(coded, base=base)[None]


@pytest.mark.parametrize(
    "options",
    [
        {"base_exact": V0},
        {"refine": True},
        {"base": V0, "method": "dct"},
        {"base": V0, "base_exact": V0, "refine": True},
        {"base": V0, "index": True},
        {"base": V0, "base_exact": V0, "method": "lossless"},
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"base|refine"):
        nntc.encode_bytes(V1, **options)


def test_the_base_is_never_replaced(tmp_path: Path) -> None:
    base = tmp_path / "old.nntc"
    base.write_bytes(CODED)
    with pytest.raises(nntc.OutputError, match="E_OUTPUT_EXISTS"):
        nntc.encode(V1, base, base=base)
    assert base.read_bytes() == CODED

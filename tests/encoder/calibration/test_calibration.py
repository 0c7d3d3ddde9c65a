"""Calibration of a network: sensitivities, output biases, and what they do not depend on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder.calibration import Along, Calibration, OutputBias, calibrate_network
from nntc.encoder.calibration.sensitivity import (
    MAX_DIVERGENCE,
    NOISE,
    Sensitivities,
    Sensitivity,
    _unit_noise,
    measure,
)
from nntc.encoder.network import Network, Reference
from nntc.encoder.samples import load_samples
from nntc.errors import ModelError, SamplesError
from nntc.onnx.tensor import Path
from nntc.progress import Phase, ProgressEvent
from onnx import helper

from tests.networks import classifier, model_of


def images(count: int = 6) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    return [{"image": rng.normal(size=(1, 3, 12, 12)).astype(np.float32)} for _ in range(count)]


NETWORK = Network(classifier(width=16).SerializeToString())


@pytest.fixture(autouse=True)
def _no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calibrate although outputs of untrained networks hardly differ."""
    monkeypatch.setattr("nntc.encoder.calibration.calibration.lack_of_variation", lambda _: "")


def calibrate(network: Network, samples: list[dict[str, Any]], **chosen: Any) -> Calibration:
    return calibrate_network(network, load_samples(samples, network.inputs), **chosen)


def calibrated(**chosen: Any) -> Calibration:
    return calibrate(NETWORK, images(), **chosen)


def by_name(found: Any, network: Network = NETWORK) -> dict[str, Any]:
    return {network.names[path]: value for path, value in found.items()}


def chain(gain: float = 1.0) -> tuple[Network, Calibration]:
    """Return two products in a row, and a third whose part in the output is `gain`."""
    rng = np.random.default_rng(0)
    names = ("first", "second", "aside")
    constants: dict[str, Any] = {name: rng.normal(size=(64, 64)).astype(np.float32) for name in names}
    constants["gain"] = np.float32(gain)
    nodes = [
        helper.make_node("MatMul", ["x", "first"], ["a"]),
        helper.make_node("MatMul", ["a", "second"], ["b"]),
        helper.make_node("MatMul", ["x", "aside"], ["c"]),
        helper.make_node("Mul", ["c", "gain"], ["d"]),
        helper.make_node("Add", ["b", "d"], ["e"]),
        helper.make_node("Tanh", ["e"], ["y"]),
    ]
    model = model_of(nodes, constants, {"x": (16, 64)}, {"y": (16, 64)})
    inputs = [{"x": 0.01 * rng.normal(size=(16, 64))} for _ in range(40)]
    network = Network(model.SerializeToString())
    return network, calibrate(network, inputs)


def test_noise_in_a_linear_network_comes_out_as_it_went_in() -> None:
    network, calibration = chain(gain=0.0)
    slopes = by_name(calibration.sensitivities.slopes(floor=0), network)
    assert slopes["first"] == pytest.approx(1, rel=0.3)
    assert slopes["second"] == pytest.approx(1, rel=0.3)
    assert slopes["aside"] == 0
    floored = by_name(calibration.sensitivities.slopes(floor=0.1), network)
    assert floored["aside"] == pytest.approx(0.1 * np.mean([slopes["first"], slopes["second"], 0]))


def test_one_tensor_far_more_sensitive_than_the_others_is_no_measure_for_them() -> None:
    slopes = enumerate((1, 2, 3, 900))
    weights: dict[Path, Sensitivity] = {("initializer", i): Sensitivity(slope, 1.0) for i, slope in slopes}
    assert list(Sensitivities(weights).slopes(floor=0.1).values()) == [2, 2, 3, 900]
    assert list(Sensitivities(dict(list(weights.items())[:3])).slopes(floor=0.6).values()) == [1.2, 2, 3]


def test_noise_is_white_where_it_matters_and_as_strong_as_the_outputs() -> None:
    calibration = calibrated()
    for path, known in calibration.statistics.tensors.items():
        weights = NETWORK.constants[NETWORK.names[path]]
        noise = _unit_noise(weights, known, path)
        matrices = [known.view.to_coded(a.ravel()).reshape(known.view.rows, -1) for a in (weights, noise)]
        assert known.output_power(matrices[1]) == pytest.approx(known.output_power(matrices[0]), rel=1e-4)
        if known.along is Along.ROWS and len(known.moment) == 1:
            factor = np.linalg.cholesky(known.regularized(0))
            spread = ((matrices[1] @ factor) ** 2).mean(axis=0)
            assert spread.max() < 6 * spread.mean()


def test_sensitivities_do_not_depend_on_threads_or_on_what_was_done_before() -> None:
    alone, folded, together = calibrated(), calibrated(may_fold=NETWORK.names), calibrated(jobs=3)
    assert folded.folding.values
    assert alone.sensitivities.tensors == together.sensitivities.tensors
    assert alone.sensitivities.groups == together.sensitivities.groups
    names = by_name(alone.sensitivities.tensors)
    assert set(names) == {"stem", "conv", "point", "depth", "dense"}
    assert all(value.divergence > 0 for value in names.values())
    groups = [sorted(NETWORK.names[path] for path in paths) for paths in alone.sensitivities.groups]
    assert ["bn1.scale", "bn2.scale", "bn3.scale"] in groups
    assert ["dense.bias"] in groups
    assert len(alone.sensitivities.slopes()) == 5 + 12 + 1


def test_noise_that_does_too_much_is_made_smaller() -> None:
    statistics = calibrated().statistics
    reference = Reference(NETWORK, load_samples(images(), NETWORK.inputs))

    def measured(noise: Any) -> Sensitivities:
        return measure(NETWORK, statistics, reference, noise=noise)

    strong = measured(100.0)
    assert all(found.divergence < MAX_DIVERGENCE or found.noise < 1 for found in strong.tensors.values())
    assert any(found.noise < 100 for found in strong.tensors.values())
    path = next(iter(strong.tensors))
    other = measured({path: 1e-3}).tensors
    assert other[path].noise == 1e-3
    assert {found.noise for key, found in other.items() if key != path} == {NOISE}


def test_progress_ends_with_everything_done() -> None:
    steps: list[ProgressEvent] = []
    calibration = calibrated(progress=steps.append)
    assert calibration.statistics.tensors
    order = list(dict.fromkeys(s.phase for s in steps))
    assert order == [Phase.CALIBRATING, Phase.RUNNING, Phase.SENSITIVITY]
    for phase in (Phase.CALIBRATING, Phase.RUNNING, Phase.SENSITIVITY):
        own = [s for s in steps if s.phase is phase]
        assert [(s.done, s.total) for s in own] == [(n, len(own) - 1) for n in range(len(own))]


def test_offsets_are_biases_sums_and_running_means() -> None:
    found = by_name(calibrated().output_biases)
    name = NETWORK.names
    assert {key: (name[offset.path], offset.sign) for key, offset in found.items()} == {
        "stem": ("bn1.mean", -1),
        "conv": ("bn2.mean", -1),
        "point": ("bn3.mean", -1),
        "dense": ("dense.bias", 1),
    }


@pytest.mark.parametrize("shared", [False, True])
def test_offsets_behind_products_belong_to_one_layer(shared: bool) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Add", ["b", "a"], ["c"]),
        helper.make_node("Add", ["c", "b"], ["y"]) if shared else helper.make_node("Relu", ["c"], ["y"]),
    ]
    rng = np.random.default_rng(0)
    constants: dict[str, Any] = {"w": rng.normal(size=(8, 8)), "b": rng.normal(size=8)}
    constants = {key: value.astype(np.float32) for key, value in constants.items()}
    model = model_of(nodes, constants, {"x": (1, 8)}, {"y": (1, 8)})
    network = Network(model.SerializeToString())
    calibration = calibrate(network, [{"x": rng.normal(size=(1, 8))} for _ in range(3)])
    expected = {} if shared else {("graph", "initializer", 0): OutputBias(("graph", "initializer", 1), 1)}
    assert calibration.output_biases == expected


def test_faults_of_model_and_samples() -> None:
    with pytest.raises(SamplesError, match="expected arrays image"):
        calibrate(NETWORK, [{"x": np.ones(3)}])
    with pytest.raises(ModelError, match="E_RUN"):
        Network(b"nothing")

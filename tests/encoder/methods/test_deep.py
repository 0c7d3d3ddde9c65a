from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.encoder.methods.deep import deep_record
from nntc.encoder.options import Centroids, Entropy, Options, PruneScope, check_options
from nntc.encoder.quantize.pruning import Pruning, pruned_count
from nntc.encoder.report import EncodeReport
from nntc.format.registry import Coder, ElementType, ViewKind
from nntc.format.view import View
from onnx import helper, numpy_helper

from tests import networks

CLASSIFIER = networks.classifier()
KERNELS = ("stem", "conv", "point", "depth", "dense")
Arrays = dict[str, networks.Array]


def arrays(model: onnx.ModelProto | bytes) -> Arrays:
    read = onnx.load_model_from_string(model) if isinstance(model, bytes) else model
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in read.graph.initializer}


def deep(model: onnx.ModelProto | bytes, **chosen: Any) -> tuple[Arrays, EncodeReport, bytes]:
    """Encode by method deep; return tensors, report and the decoded model."""
    whole = model if isinstance(model, bytes) else model.SerializeToString()
    data, report = encode_bytes(whole, method="deep", **chosen)
    assert report.size == len(data)
    decoded = decode_bytes(data)[None]
    return arrays(decoded), report, decoded


def dense(*layers: networks.Array) -> onnx.ModelProto:
    """Return a chain of dense layers."""
    nodes = [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(len(layers))]
    return networks.model_of(nodes, {f"w{i}": layer for i, layer in enumerate(layers)})


WEIGHTS = networks.heavy(np.random.default_rng(0), 120, 90)


@pytest.mark.parametrize("sparsity", [0.3, 0.5, 0.9])
def test_every_layer_loses_its_share(sparsity: float) -> None:
    before, (after, _, _) = arrays(CLASSIFIER), deep(CLASSIFIER, prune=sparsity)
    for name, values in before.items():
        if name not in KERNELS:
            np.testing.assert_array_equal(after[name], values)
            continue
        zeros = after[name] == 0
        assert np.count_nonzero(zeros) == pruned_count(values.size, sparsity)
        np.testing.assert_array_equal(after[name][~zeros], values[~zeros])
        assert np.abs(values[zeros]).max() <= np.abs(values[~zeros]).min()


def test_all_layers_lose_a_share_together() -> None:
    before, (after, _, _) = arrays(CLASSIFIER), deep(CLASSIFIER, prune=0.7, prune_scope="global")
    zeros = np.concatenate([after[name].ravel() == 0 for name in KERNELS])
    weights = np.abs(np.concatenate([before[name].ravel() for name in KERNELS]))
    assert np.count_nonzero(zeros) == pruned_count(weights.size, 0.7)
    assert weights[zeros].max() <= weights[~zeros].min()


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("prune", [None, 0.6])
def test_a_layer_shares_so_many_values(bits: int, prune: float | None) -> None:
    after, report, _ = deep(dense(WEIGHTS), bits=bits, prune=prune)
    assert 2 <= np.unique(after["w0"]).size <= 2**bits
    assert report.tensors[0].tool == "codebook"
    if prune:
        assert np.count_nonzero(after["w0"] == 0) == pruned_count(WEIGHTS.size, prune)


def test_shared_values_are_the_means_of_what_shares_them() -> None:
    after, _, _ = deep(dense(WEIGHTS), bits=3, prune=0.5)
    for value in np.unique(after["w0"]):
        if value:
            assert WEIGHTS[after["w0"] == value].mean(dtype=np.float64) == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("centroids", Centroids)
def test_centroids(centroids: Centroids) -> None:
    _, report, _ = deep(dense(WEIGHTS), bits=6, centroids=centroids)
    assert report.error < 0.1


def test_zeros_of_a_pruned_network_stay_zero() -> None:
    pruned = np.where(np.abs(WEIGHTS) < np.quantile(np.abs(WEIGHTS), 0.8), np.float32(0), WEIGHTS)
    after, _, _ = deep(dense(pruned), bits=4)
    np.testing.assert_array_equal(after["w0"] == 0, pruned == 0)


def test_a_single_zero_takes_no_shared_value() -> None:
    weights = WEIGHTS.copy()
    weights[3, 4] = 0
    after, _, _ = deep(dense(weights), bits=1)
    assert np.unique(after["w0"]).size == 2
    assert np.all(after["w0"] != 0)


def test_biases_and_normalizations_only_if_asked_for() -> None:
    before = arrays(CLASSIFIER)
    left, _, _ = deep(CLASSIFIER, prune=0.5, bits=2)
    asked, _, _ = deep(CLASSIFIER, prune=0.5, bits=2, biases=True)
    vectors = [name for name in before if name not in KERNELS]
    factors = [name for name in vectors if name.endswith((".scale", ".var"))]
    assert factors
    for name in vectors:
        np.testing.assert_array_equal(left[name], before[name])
        if name in factors:  # a variance of 0 would be the end of the network
            np.testing.assert_array_equal(asked[name], before[name])
            continue
        assert np.count_nonzero(asked[name] == 0) == before[name].size // 2
        assert np.unique(asked[name]).size <= 4


@pytest.mark.parametrize("entropy", Entropy)
@pytest.mark.parametrize("sparse", [None, True, False])
def test_coders_and_representations_change_the_size_only(entropy: Entropy, sparse: bool | None) -> None:
    expected, _, _ = deep(dense(WEIGHTS), prune=0.8, bits=3)
    after, report, _ = deep(dense(WEIGHTS), prune=0.8, bits=3, entropy=entropy, sparse=sparse)
    np.testing.assert_array_equal(after["w0"], expected["w0"])
    assert report.stages[-1].size < 0.12 * report.original_size


def test_the_smaller_representation_is_chosen() -> None:
    for prune, smaller in ((0.95, True), (0.1, False)):
        sizes = {
            sparse: deep(dense(WEIGHTS), prune=prune, bits=4, sparse=sparse)[1].size
            for sparse in (None, True, False)
        }
        assert sizes[None] == sizes[smaller] < sizes[not smaller]


def trained(**chosen: Any) -> bytes:
    """Return a network as training would leave it: pruned, quantized."""
    return deep(CLASSIFIER, **chosen)[2]


@pytest.mark.parametrize("chosen", [{"prune": 0.9, "bits": 5}, {"bits": 8}, {"prune": 0.8}])
def test_a_network_pruned_and_quantized_in_training_is_coded_exactly(chosen: dict[str, Any]) -> None:
    network = trained(**chosen)
    sizes = {}
    for options in ({}, {"entropy": "rans"}, chosen):
        _, report, again = deep(network, **options)
        assert again == network
        assert report.error == 0
        sizes[str(options)] = report.size
    data, _ = encode_bytes(network, method="lossless")
    assert decode_bytes(data)[None] == network
    assert len(data) < 1.01 * min(sizes.values())
    assert sizes["{}"] < 1.1 * len(data)


def test_without_options_nothing_is_lost_and_nothing_noted() -> None:
    data, report = encode_bytes(CLASSIFIER.SerializeToString(), method="deep")
    assert decode_bytes(data)[None] == CLASSIFIER.SerializeToString()
    assert not any(tensor.note for tensor in report.tensors)
    assert [stage.factor for stage in report.stages[1:-1]] == [1, 1, 1]


def test_stages_add_up() -> None:
    _, report, _ = deep(CLASSIFIER, prune=0.75, bits=4)
    assert [stage.name for stage in report.stages] == ["original", "pruned", "sparse", "quantized", "coded"]
    original, pruned, sparse, quantized, coded = report.stages
    assert original.size == pruned.size == report.original_size
    assert coded.size == report.size
    assert original.size > sparse.size > quantized.size > coded.size
    factor = 1.0
    for before, stage in zip(report.stages, report.stages[1:], strict=False):
        assert stage.factor == pytest.approx(before.size / stage.size)
        factor *= stage.factor
        assert stage.total == pytest.approx(factor)
    assert coded.total == pytest.approx(report.ratio)


def test_stages_of_a_known_tensor() -> None:
    weights = np.zeros((64, 64), np.float32)
    weights[::4] = np.arange(1, 5, dtype=np.float32).repeat(16)
    model = dense(weights)
    _, report, _ = deep(model)
    rest = len(model.SerializeToString()) - weights.nbytes
    entries = weights.size // 4  # every fourth weight of an output
    # A gap of 3 takes 2 bits, a float 32, one of five indices 3.
    assert report.stages[2].size == rest + entries * (2 + 32) // 8
    assert report.stages[3].size == rest + entries * (2 + 3) // 8 + 5 * 4
    _, forced, _ = deep(model, sparse=False)
    assert forced.stages[2].size == report.original_size
    assert forced.stages[3].size == rest + weights.size * 3 // 8 + 5 * 4


def test_weights_used_twice_are_counted_in_every_stage_but_coded_once() -> None:
    once, twice = dense(WEIGHTS), dense(WEIGHTS, WEIGHTS)
    one, two = (deep(model, prune=0.5, bits=4)[1].stages for model in (once, twice))
    graph = len(twice.SerializeToString()) - len(once.SerializeToString()) - WEIGHTS.nbytes
    gained = [after.size - before.size for after, before in zip(two, one, strict=True)]
    assert gained[1] == WEIGHTS.nbytes + graph
    assert gained[2] == pytest.approx(0.52 * WEIGHTS.nbytes, rel=0.1)
    assert gained[3] == pytest.approx(WEIGHTS.size * 3.5 / 8, rel=0.1)
    assert gained[4] < 100
    after = arrays(decode_bytes(encode_bytes(twice.SerializeToString(), method="deep", prune=0.5)[0])[None])
    np.testing.assert_array_equal(after["w0"], after["w1"])


@pytest.mark.parametrize("entropy", ["huffman", "rans"])
def test_jobs_do_not_change_the_file(entropy: str) -> None:
    chosen: dict[str, Any] = {"method": "deep", "prune": 0.5, "prune_scope": "global", "bits": 5}
    chosen["entropy"] = entropy
    whole = CLASSIFIER.SerializeToString()
    assert encode_bytes(whole, jobs=3, **chosen)[0] == encode_bytes(whole, **chosen)[0]


def test_defaults_are_those_of_the_papers() -> None:
    options = check_options(method="deep", bits=4)
    assert (options.entropy, options.centroids, options.prune_scope) == (
        Entropy.HUFFMAN,
        Centroids.LINEAR,
        PruneScope.LAYER,
    )
    assert (options.prune, options.sparse, options.biases) == (0, None, False)
    assert Options().entropy is Entropy.RANS


@given(
    st.integers(0, 2**32),
    st.integers(2, 600),
    st.sampled_from([None, 0.2, 0.9]),
    st.none() | st.integers(1, 8),
    st.sampled_from(Centroids),
    st.sampled_from([Coder.HUFFMAN, Coder.RANS]),
)
@settings(deadline=None, max_examples=60)
def test_any_tensor(
    seed: int, size: int, share: float | None, bits: int | None, centroids: Centroids, coder: Coder
) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.laplace(0, 1, size) * 10.0 ** rng.integers(-40, 38)).astype(np.float32)
    pruned = None if share is None else Pruning(float(np.quantile(np.abs(values), share)), size)
    view = View(ViewKind.MATRIX, 1, size)
    task = (values.view(np.uint32), pruned, bits, centroids, coder, None)
    record, sizes = deep_record(ElementType.FLOAT32, view, *task)
    assert record.is_long_enough
    assert sizes.pruned == values.nbytes >= sizes.sparse >= 0
    assert sizes.quantized <= max(sizes.sparse, 1) + 4 * 256

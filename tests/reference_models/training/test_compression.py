from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.options import Centroids
from torch import nn

from reference_models.training.compressible import Compressible
from reference_models.training.pruning import prune, sparsity_at
from reference_models.training.recipe import Stage
from reference_models.training.sharing import SharedWeights, share

SEEDS = st.integers(0, 2**31)


def tensor(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(SEEDS, st.floats(0, 0.99))
def test_pruning_takes_the_share_of_every_tensor_that_is_smallest(seed: int, sparsity: float) -> None:
    weights = {"a": tensor(seed, 7, 9), "b": 100 * tensor(seed + 1, 30)}
    masks = prune(weights, dict.fromkeys(weights, sparsity), "tensor")
    for name, mask in masks.items():
        kept, lost = weights[name].abs()[mask], weights[name].abs()[~mask]
        assert len(lost) == round(sparsity * mask.numel())
        assert not len(lost) or not len(kept) or lost.max() < kept.min()


def test_pruning_a_network_takes_the_smallest_of_all() -> None:
    weights = {"small": 0.01 * tensor(1, 50), "large": tensor(2, 50).sign()}
    masks = prune(weights, {"small": 0.5, "large": 0.5}, "network")
    assert not masks["small"].any()
    assert masks["large"].all()


def test_gradual_sparsity_rises_and_constant_does_not() -> None:
    rising = [sparsity_at(0.9, 0.5, progress, 0.8) for progress in np.linspace(0, 1, 11)]
    assert rising[0] == 0.5
    assert rising == sorted(rising)
    assert rising[8:] == pytest.approx([0.9] * 3)
    assert sparsity_at(0.9, 0.5, 0.0, 0.0) == 0.9


@given(SEEDS, st.integers(1, 8), st.sampled_from(list(Centroids)), st.booleans())
def test_shared_weights_have_few_values_and_keep_zeros(
    seed: int, bits: int, start: Centroids, pruned: bool
) -> None:
    weights = tensor(seed, 20, 15)
    if pruned:
        weights = weights * (weights.abs() > 0.5)
    shared = share(weights, bits, start).weights()
    assert shared.shape == weights.shape
    assert shared.dtype == weights.dtype
    assert len(shared.unique()) <= 2**bits
    if pruned:
        assert torch.equal(shared == 0, weights == 0)


def test_one_bit_of_pruned_weights_is_zero_and_one_value() -> None:
    weights = torch.tensor([0.0, 1.0, 3.0])
    assert share(weights, 1, Centroids.LINEAR).weights().tolist() == [0, 2, 2]


def test_nothing_is_left_of_nothing() -> None:
    assert not share(torch.zeros(4), 3, Centroids.LINEAR).weights().any()


@given(SEEDS)
def test_the_gradient_of_a_centroid_is_that_of_autograd(seed: int) -> None:
    """Compute the loss through centroids[clusters] and let autograd sum."""
    shared = share(tensor(seed, 6, 5) * (tensor(seed + 1, 6, 5) > 0), 2, Centroids.DENSITY)
    values = torch.cat([shared.centroids, torch.zeros(1)])
    weights = values[shared.clusters]
    target = tensor(seed + 2, 6, 5)
    loss = ((weights * target).sum() - 1) ** 2
    (expected,) = torch.autograd.grad(loss, shared.centroids, retain_graph=True)
    (gradient,) = torch.autograd.grad(loss, weights)
    assert torch.allclose(shared.gradient(gradient), expected, rtol=1e-4, atol=1e-5)


def test_pruned_weights_have_no_part_in_a_gradient() -> None:
    shared = SharedWeights(torch.tensor([1.0]), torch.tensor([0, 1, 0], dtype=torch.int32))
    assert shared.gradient(torch.tensor([1.0, 100.0, 2.0])).tolist() == [3.0]


def dense() -> nn.Linear:
    torch.manual_seed(4)
    return nn.Linear(6, 8)


def step(model: Compressible, network: nn.Module, number: int = 1, steps: int = 1) -> None:
    model.step(network(tensor(number, 16, 6)).square().mean(), 1e-2, number, steps)


def test_pruned_weights_stay_zero_while_quantized() -> None:
    network = dense()
    first = Compressible("n", network, Stage("prune", epochs=1, learning_rate=1e-2, sparsity=0.75))
    first.begin()
    step(first, network)
    zeros = network.weight == 0
    assert int(zeros.sum()) == 36
    assert not torch.signbit(network.weight[zeros]).any()
    second = Compressible("n", network, Stage("quantize", epochs=1, learning_rate=1e-2, bits=2))
    second.begin()
    before = network.weight.detach().clone()
    for _ in range(5):
        step(second, network)
    assert torch.equal(network.weight == 0, zeros)
    assert len(network.weight.unique()) <= 4
    assert not torch.equal(network.weight, before)  # the values were trained


def test_a_network_that_is_not_named_is_trained_as_it_is() -> None:
    network = dense()
    stage = Stage("prune", epochs=1, learning_rate=1e-2, sparsity=0.5, networks=("other",))
    model = Compressible("n", network, stage)
    model.begin()
    step(model, network)
    assert network.weight.all()


@pytest.mark.parametrize("stage", [{"kind": "dense"}, {"kind": "prune", "sparsity": 0.5, "ramp": 0.5}])
def test_a_stage_may_leave_the_running_mean(stage: dict[str, Any]) -> None:
    """Decay 0.5 halves, after every step, the distance of the mean to the weights."""
    network, steps = dense(), 40
    model = Compressible("n", network, Stage(epochs=1, learning_rate=1e-2, average=0.5, **stage))
    model.begin()
    mean = network.weight.detach().clone()
    for number in range(1, steps + 1):
        step(model, network, number, steps)
        mean += max(0.5, 9 / (10 + number)) * (network.weight.detach() - mean)
    last = network.weight.detach().clone()
    model.finish()
    assert not torch.equal(network.weight, last)
    assert torch.equal(network.weight == 0, last == 0)
    assert torch.allclose(network.weight, torch.where(last == 0, 0.0, mean), atol=1e-6)


def test_the_mean_of_shared_weights_is_shared() -> None:
    network = dense()
    stage = Stage("quantize", epochs=1, learning_rate=1e-2, bits=2, average=0.9)
    model = Compressible("n", network, stage)
    model.begin()
    for number in range(30):
        step(model, network, number, 30)
    last = network.weight.detach().clone()
    model.finish()
    assert len(network.weight.unique()) == len(last.unique()) == 4
    assert not torch.equal(network.weight, last)


def test_biases_are_never_compressed() -> None:
    network = dense()
    model = Compressible("n", network, Stage("quantize", epochs=1, learning_rate=1e-2, bits=1))
    model.begin()
    assert len(network.weight.unique()) == 2
    assert len(network.bias.unique()) == 8


def test_single_tensors_may_have_settings_of_their_own() -> None:
    network = dense()
    stage = Stage("prune", epochs=1, learning_rate=1e-2, sparsity=0.5, tensors={"n.weight": 0.25})
    Compressible("n", network, stage).begin()
    assert int((network.weight == 0).sum()) == 12


def test_gradients_are_limited() -> None:
    """Adam hides the length of a first gradient, not that of the second relative to it."""
    ends = []
    for limit in (0.0, 1e-3):
        network = dense()
        model = Compressible("n", network, Stage("dense", epochs=1, learning_rate=1e-2, gradient_norm=limit))
        model.begin()
        for number in (1, 2, 3):
            model.step(network(tensor(number, 4, 6)).square().sum() * 10**number, 1e-2, number, 3)
        ends.append(network.weight.detach())
    assert not torch.allclose(*ends)

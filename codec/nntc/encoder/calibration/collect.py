"""Run samples through a network and collect the statistics of its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from nntc.encoder.calibration.input_sums import Collected, InputSums, LookUps, PlacedWeights
from nntc.encoder.calibration.layers import Along, Layer, Placement, TableInput, find_layer
from nntc.encoder.calibration.moments import MAX_BYTES
from nntc.encoder.calibration.statistics import Statistics, TensorStatistics
from nntc.encoder.network.network import Network
from nntc.encoder.samples import Array, Samples
from nntc.format.view import View
from nntc.onnx.tensor import Path
from nntc.progress import Phase, Progress, Steps

POSITIONS = 60
"""Vectors that are used of each sample, if it has more."""
VECTORS = 8192
"""Few samples have more vectors used, up to this many of all of them."""
_SEED = 20_231


def collect(
    network: Network,
    samples: Samples,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
    max_bytes: int = MAX_BYTES,
) -> Statistics:
    """Run samples through a network and return the statistics of its weights.

    Beside the results, memory is bounded by `max_bytes`, or by the largest single sum if that is more, not by
    the number of samples: they run again for what does not fit.

    Parameters
    ----------
    network, samples
        The model and inputs for it.
    jobs
        Threads; the results do not depend on them.
    progress
        Called with events; batches are steps, and there is a pass for what fits into `max_bytes`.
    max_bytes
        Memory for sums.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    layers, missing = _find_layers(network)
    targets = {target.key: target for _, found in layers for target in map(_Target.of, found)}
    weights = _weights(network, layers)
    passes = list(_passes(list(targets.values()), max_bytes))
    collected: dict[object, Collected] = {}
    for number, group in enumerate(passes, 1):
        steps = Steps(progress, Phase.CALIBRATING, len(samples), "sample", number, len(passes))
        sums = [target.new_sum() for target in group]
        for index, values in enumerate(steps.through(_run(network, samples, group, jobs))):
            rng_seed = (_SEED, index)
            limit = max(POSITIONS, VECTORS // len(samples))
            for target, sum_ in zip(group, sums, strict=True):
                # The same seed for all: layers of equal shape see the same positions.
                sum_.add([values[name] for name in target.tensors], limit, np.random.default_rng(rng_seed))
        for target, sum_ in zip(group, sums, strict=True):
            collected[target.key] = sum_.finish(weights.get(target.key, []))
    tensors: dict[Path, TensorStatistics] = {}
    for paths, found in layers:
        result = _combined([_placed(collected[_Target.of(layer).key], layer) for layer in found])
        if isinstance(result, str):
            missing.update(dict.fromkeys(paths, result))
        else:
            tensors.update(dict.fromkeys(paths, result))
    return Statistics(tensors, missing)


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """Input vectors to collect; equal keys need to be collected once only."""

    key: object
    tensors: tuple[str, ...]
    memory: int
    new_sum: Callable[[], InputSums | LookUps]

    @staticmethod
    def of(layer: Layer) -> _Target:
        source, place = layer
        if isinstance(source, TableInput):
            columns = place.columns if isinstance(place, View) else 0
            return _Target(
                (source, columns), (source.name,), source.rows * 8, lambda: LookUps(source, columns)
            )
        order = place.order if isinstance(place, Placement) else None
        key = (source, None if order is None else order.tobytes())
        return _Target(key, source.tensors, InputSums.memory(source), lambda: InputSums(source, order))


def _find_layers(network: Network) -> tuple[list[tuple[list[Path], list[Layer]]], dict[Path, str]]:
    """Return weight tensors, those of equal bytes together, with their uses that are products.

    And why other tensors have none.
    """
    nodes = {node.path: node.proto for node in network.nodes}
    same: dict[object, list[Path]] = {}
    missing: dict[Path, str] = {}
    for path, name in network.names.items():
        array = network.constants[name]
        if array.ndim > 1 and array.dtype.kind not in "iubOSU":
            content = hashlib.sha256(array.tobytes()).digest()
            same.setdefault((array.dtype, array.shape, content), []).append(path)
    layers: list[tuple[list[Path], list[Layer]]] = []
    for paths in same.values():
        dims = network.constants[network.names[paths[0]]].shape
        found: list[Layer] = []
        reason = "nothing uses it"
        for use in (use for path in paths for use in network.uses.get(path, [])):
            node = nodes.get(use.node)
            layer = find_layer(node, use.input, dims, use.axes) if node else "a body or a function uses it"
            if isinstance(layer, str):
                reason = layer
            else:
                found.append(layer)
        if found:
            layers.append((paths, found))
        else:
            missing.update(dict.fromkeys(paths, reason))
    return layers, missing


def _weights(
    network: Network, layers: list[tuple[list[Path], list[Layer]]]
) -> dict[object, list[PlacedWeights]]:
    """Return the weights that are multiplied with each target's vectors, by its key."""
    weights: dict[object, list[PlacedWeights]] = {}
    for paths, found in layers:
        for layer in found:
            if isinstance(layer[1], Placement):
                own = network.constants[network.names[paths[0]]], layer[1]
                weights.setdefault(_Target.of(layer).key, []).append(own)
    return weights


def _passes(targets: list[_Target], max_bytes: int) -> Iterator[list[_Target]]:
    """Yield targets in groups whose sums take at most `max_bytes`."""
    group: list[_Target] = []
    taken = 0
    for target in targets:
        if group and taken + target.memory > max_bytes:
            yield group
            group, taken = [], 0
        group.append(target)
        taken += target.memory
    if group:
        yield group


def _run(
    network: Network, samples: Samples, targets: list[_Target], jobs: int
) -> Iterator[Mapping[str, Array]]:
    """Yield the tensors that targets need, for each batch."""
    names = list(dict.fromkeys(name for target in targets for name in target.tensors))
    for values in network.compute(names, samples, jobs):
        yield dict(zip(names, values, strict=True))


def _placed(collected: Collected, layer: Layer) -> TensorStatistics | str:
    """Return statistics of one use of a tensor, or why there are none."""
    place = layer[1]
    view, along = (place.view, place.along) if isinstance(place, Placement) else (place, Along.ROWS)
    if not collected.vectors:
        return "the samples never reach it"
    if not (np.isfinite(collected.moment).all() and np.isfinite(collected.mean).all()):
        return "its inputs have values that are not finite, or too large"
    weights = None
    if collected.counts is not None:
        weights = collected.counts / collected.counts.mean()
    result = TensorStatistics(
        view=view,
        moment=collected.moment,
        mean=collected.mean,
        along=Along.COLUMNS if collected.parts > 1 else along,
        images=collected.images,
        vectors=collected.vectors,
        positions=collected.positions / collected.images,
        row_weights=weights,
        cross_validated=collected.cross_validated,
        weight_prior=collected.weight_prior,
    )
    return result if result.power > 0 else "its inputs are all zero"


def _combined(uses: list[TensorStatistics | str]) -> TensorStatistics | str:
    """Return the statistics of several uses of a tensor together: a mean over all of their vectors.

    Uses that see another matrix in the tensor than the first one do not count, nor do look-ups where there
    are products.
    """
    known = [use for use in uses if isinstance(use, TensorStatistics)]
    products = [use for use in known if use.row_weights is None] or known[:1]
    if not products:
        return next(use for use in uses if isinstance(use, str))
    first = products[0]
    alike = [
        use
        for use in products
        if (use.view, use.along, use.moment.shape) == (first.view, first.along, first.moment.shape)
    ]
    if len(alike) == 1:
        return first
    positions = sum(use.positions for use in alike)
    moment, mean = np.zeros_like(first.moment), np.zeros_like(first.mean)
    for use in alike:
        moment += use.moment * np.float32(use.positions / positions)
        mean += use.mean * np.float32(use.positions / positions)
    vectors = sum(use.vectors for use in alike)
    return replace(first, moment=moment, mean=mean, vectors=vectors, positions=positions)

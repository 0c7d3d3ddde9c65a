"""Run samples through a network and collect the statistics of its weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codec.encoder.calibration.kinship import kin_moments
from codec.encoder.calibration.layers import Along, Layer, LayerInput, Placement, TableInput, find_layer
from codec.encoder.calibration.moments import MAX_BYTES, MomentSum, memory_of
from codec.encoder.calibration.samples import Array, Samples
from codec.encoder.calibration.session import Network
from codec.encoder.calibration.shrinkage import Shrinkage, choose_shrinkage, thinned
from codec.encoder.calibration.statistics import Statistics, TensorStatistics, in_blocks
from codec.format.onnx_tensor import Path
from codec.format.view import View
from codec.progress import Progress

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
        Called with batches done and batches in all.
    max_bytes
        Memory for sums.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    layers, missing = _find_layers(network)
    targets = {target.key: target for _, found in layers for target in map(_Target.of, found)}
    weights: dict[object, list[_Weights]] = {key: [] for key in targets}
    for paths, found in layers:
        for layer in found:
            place = layer[1]
            if isinstance(place, Placement):
                weights[_Target.of(layer).key].append((network.constants[network.names[paths[0]]], place))
    passes = list(_passes(list(targets.values()), max_bytes))
    done = 0
    collected: dict[object, _Collected] = {}
    for group in passes:
        sums = [target.new_sum() for target in group]
        for values in _run(network, samples, group, jobs):
            rng_seed = (_SEED, done % len(samples))
            limit = max(POSITIONS, VECTORS // len(samples))
            for target, sum_ in zip(group, sums, strict=True):
                # The same seed for all: layers of equal shape see the same positions.
                sum_.add([values[name] for name in target.tensors], limit, np.random.default_rng(rng_seed))
            done += 1
            if progress is not None:
                progress(done, len(passes) * len(samples))
        for target, sum_ in zip(group, sums, strict=True):
            collected[target.key] = sum_.finish(weights[target.key])
    tensors: dict[Path, TensorStatistics] = {}
    for paths, found in layers:
        result = _combined([_placed(collected[_Target.of(layer).key], layer) for layer in found])
        if isinstance(result, str):
            missing.update(dict.fromkeys(paths, result))
        else:
            tensors.update(dict.fromkeys(paths, result))
    return Statistics(tensors, missing)


@dataclass(frozen=True, slots=True, eq=False)
class _Collected:
    """Means over the vectors of a layer's input, or how often each row of a table is looked up."""

    moment: NDArray[np.float32]
    mean: NDArray[np.float32]
    images: int
    vectors: int
    positions: int
    parts: int = 1
    counts: NDArray[np.int64] | None = None
    trust: Shrinkage | None = None
    kin: NDArray[np.float32] | None = None


_Weights = tuple[Array, Placement]


class _Moments:
    """Sums over the input vectors of a layer, in the order of its matrix's columns.

    And over those of every other batch, of as many columns as cross-validation needs.
    """

    def __init__(self, source: LayerInput, order: NDArray[np.int64] | None) -> None:
        self._source, self._order = source, order
        self._all = MomentSum(source.blocks, source.size)
        self._parts = self._all.parts
        width = source.size // self._parts
        self._taps = source.taps if order is None and width % source.taps == 0 else 1
        self._some, self._columns = thinned(source.blocks * self._parts, width)
        self._half = MomentSum(len(self._some), len(self._columns))

    def add(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> None:
        vectors, positions = self._source.vectors(values, limit, rng)
        if self._order is not None:
            vectors = vectors[:, :, self._order]
        self._all.add(vectors, positions)
        if self._all.batches % 2 and not self._all.is_diagonal:
            few = self._all.in_parts(vectors)[self._some]
            self._half.add(few if few.shape[2] == len(self._columns) else few[:, :, self._columns], positions)

    def finish(self, weights: Sequence[_Weights]) -> _Collected:
        moment, mean = self._all.means()
        with np.errstate(over="ignore", invalid="ignore"):
            trust = kin = None
            if 0 < self._half.vectors < self._all.vectors and np.isfinite(moment).all():
                rows, center, width = self._rows(weights), mean.reshape(moment.shape[:2]), moment.shape[1]
                few, some = None, self._some
                if self._taps < width:
                    few = kin_moments(rows[some], moment[some], center[some], self._taps, self._columns)
                trust = choose_shrinkage(self._halves(moment, center), few)
                if trust and trust.kinship:
                    kin = kin_moments(rows, moment, center, self._taps, np.arange(width))
            return _Collected(
                moment.astype(np.float32),
                mean.astype(np.float32),
                self._all.batches,
                self._all.vectors,
                self._all.positions,
                self._parts,
                trust=trust,
                kin=None if kin is None else kin.astype(np.float32),
            )

    def _halves(
        self, moment: NDArray[np.float64], mean: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the second moments of each half of the batches about the mean of all, of some columns."""
        center = mean[self._some][:, self._columns]
        first, mean_of_first = self._half.means()
        mean_of_first = mean_of_first.reshape(center.shape)
        share = self._half.vectors / self._all.vectors
        both = moment[np.ix_(self._some, self._columns, self._columns)]
        second = (both - share * first) / (1 - share)
        mean_of_second = (center - share * mean_of_first) / (1 - share)
        return _about(first, mean_of_first, center), _about(second, mean_of_second, center)

    def _rows(self, weights: Sequence[_Weights]) -> NDArray[np.float32]:
        """Return the rows of all weights that are multiplied with these vectors, as moments are in blocks."""
        blocks, size = self._source.blocks * self._parts, self._source.size // self._parts
        return np.concatenate(
            [
                in_blocks(
                    place.view.to_coded(array.ravel()).reshape(place.view.rows, -1),
                    blocks,
                    size,
                    Along.COLUMNS if self._parts > 1 else place.along,
                ).astype(np.float32)
                for array, place in weights
            ],
            axis=1,
        )


def _about(
    moment: NDArray[np.float64], mean: NDArray[np.float64], center: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean of (x - center)(x - center)^T, from those of x x^T and x; by block."""
    crossed = mean[:, :, None] * center[:, None, :]
    return moment - crossed - crossed.swapaxes(1, 2) + center[:, :, None] * center[:, None, :]


class _Counts:
    """How often each row of a table is looked up; its columns matter alike."""

    def __init__(self, source: TableInput, columns: int) -> None:
        self._source = source
        self._columns = columns
        self._counts = np.zeros(source.rows, np.int64)
        self._batches = 0

    def add(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> None:  # noqa: ARG002
        self._counts += self._source.counts(values[0])
        self._batches += 1

    def finish(self, weights: Sequence[_Weights]) -> _Collected:  # noqa: ARG002
        ones = np.ones((1, self._columns), np.float32)
        total = int(self._counts.sum())
        return _Collected(ones, ones * 0, self._batches, total, total, counts=self._counts)


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """Input vectors to collect; equal keys need to be collected once only."""

    key: object
    tensors: tuple[str, ...]
    memory: int
    new_sum: Callable[[], _Moments | _Counts]

    @staticmethod
    def of(layer: Layer) -> _Target:
        source, place = layer
        if isinstance(source, TableInput):
            columns = place.columns if isinstance(place, View) else 0
            return _Target(
                (source, columns), (source.name,), source.rows * 8, lambda: _Counts(source, columns)
            )
        order = place.order if isinstance(place, Placement) else None
        key = (source, None if order is None else order.tobytes())
        some, few = thinned(source.blocks, source.size)
        memory = memory_of(source.blocks, source.size) + memory_of(some.size, few.size)
        return _Target(key, source.tensors, memory, lambda: _Moments(source, order))


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


def _placed(collected: _Collected, layer: Layer) -> TensorStatistics | str:
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
        trust=collected.trust,
        kin=collected.kin,
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

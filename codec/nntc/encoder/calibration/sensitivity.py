"""Sensitivity of a network to noise in each layer's outputs, measured by adding some.

Noise is put into the weights of one layer, white in the layer's outputs as second-order error feedback leaves
it: E = Z chol(H)^-1 with normal Z has E H E^T proportional to the identity on average. All of it is scaled to
the same power relative to the layer's outputs; the divergence of the network's outputs, per unit of that
power, is what the layer's precision is worth. A tensor without statistics gets noise white in its weights.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from nntc.encoder.calibration.statistics import Statistics, TensorStatistics
from nntc.encoder.network.checkpoint import Checkpoint
from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.network import Network
from nntc.encoder.samples import Array
from nntc.encoder.split import MIN_BYTES
from nntc.onnx.tensor import Path
from nntc.progress import Phase, Progress, Steps

NOISE = 0.01
"""Power of the noise in a layer's outputs, relative to these."""
PARAMETER_NOISE = 1e-4
"""Power of the noise in biases and normalizations, relative to their variance."""
MAX_DIVERGENCE = 0.5
"""A divergence above this one says little about smaller noise: then it is measured with a tenth of it."""
FLOOR = 0.05
"""Least sensitivity of a tensor, relative to the mean of all."""
MAX_MEAN = 8.0
"""A mean above so many medians is that of a few tensors and says nothing about the others. Means of
convolutional networks are 2 to 7 medians; a speaker encoder's, whose first LSTM is the sensitive one, 34."""
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Effect of noise in one tensor.

    Parameters
    ----------
    divergence
        That of the network's outputs (see `divergence`).
    noise
        Power of the noise that made it, relative to the layer's outputs, or to the variance of the tensor
        itself if it has no statistics.
    """

    divergence: float
    noise: float

    @property
    def slope(self) -> float:
        """Divergence per unit of noise."""
        return self.divergence / self.noise


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """Sensitivities of a network's tensors.

    Parameters
    ----------
    tensors
        Of weights, by path.
    groups
        Of biases and normalizations: those that feed the same input of the same operator had noise together.
    """

    tensors: Mapping[Path, Sensitivity]
    groups: Mapping[tuple[Path, ...], Sensitivity] = field(default_factory=dict)

    def slopes(self, floor: float = FLOOR) -> dict[Path, float]:
        """Return divergence per unit of relative noise of each tensor; that of a group in equal parts.

        Parameters
        ----------
        floor
            Least slope, relative to the mean of the weights' (or to `MAX_MEAN` medians): what a little noise
            hardly changes, much noise still may.
        """
        weights = {path: found.slope for path, found in self.tensors.items()}
        values = list(weights.values())
        least = floor * float(min(np.mean(values), MAX_MEAN * np.median(values))) if weights else 0.0
        parts = {path: found.slope / len(paths) for paths, found in self.groups.items() for path in paths}
        return {path: max(slope, least) for path, slope in weights.items()} | parts


def measure(
    network: Network,
    statistics: Statistics,
    reference: Reference,
    *,
    noise: float | Mapping[Path, float] = NOISE,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Sensitivities:
    """Measure the sensitivities of all weights, and of biases and normalizations in groups.

    Takes a run of the network's rest for each weight tensor, from its layer on, over the reference's samples.

    Parameters
    ----------
    network, statistics
        The model and the statistics of its weights.
    reference
        Its outputs for some samples: about 32 are enough.
    noise
        Power of the noise relative to a layer's outputs, for all weights or by path.
    jobs
        Threads; the results do not depend on them.
    progress
        Called with events; tensors and groups of small ones are steps.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    checkpoint = Checkpoint(network, reference.samples, jobs=jobs)
    weights, groups = _sort(network, statistics)
    places = [_first_use(network, checkpoint, paths) for paths in weights]
    steps = Steps(progress, Phase.SENSITIVITY, len(weights) + len(groups), "layer")

    def level(path: Path) -> float:
        return noise.get(path, NOISE) if isinstance(noise, Mapping) else noise

    def effect(paths: Sequence[Path], noise: float) -> Sensitivity:
        return _effect(network, checkpoint, reference, paths, statistics, noise)

    found_groups = {}
    for paths in groups:
        found_groups[tuple(paths)] = effect(paths, PARAMETER_NOISE)
        steps.step()
    found = {}
    for place, paths in sorted(zip(places, weights, strict=True)):
        checkpoint.advance(place)
        found.update(dict.fromkeys(paths, effect(paths, level(paths[0]))))
        steps.step()
    return Sensitivities(found, found_groups)


def _first_use(network: Network, checkpoint: Checkpoint, paths: Sequence[Path]) -> int:
    places = [checkpoint.first_use(network.names[path]) for path in paths]
    return min((place for place in places if place is not None), default=0)


def _sort(network: Network, statistics: Statistics) -> tuple[list[list[Path]], list[list[Path]]]:
    """Return the paths of weights, equal ones together, and those of other parameters in groups."""
    weights: dict[int, list[Path]] = {}
    groups: dict[object, list[Path]] = {}
    operators = {node.path: node.proto.op_type for node in network.nodes}
    for path, name in network.names.items():
        array = network.constants[name]
        if array.dtype.kind != "f" or array.nbytes < MIN_BYTES:
            continue  # never coded with a loss
        if path in statistics.tensors:
            weights.setdefault(id(statistics.tensors[path]), []).append(path)
            continue
        use = next(iter(network.uses.get(path, ())), None)
        if use is not None:
            groups.setdefault((operators.get(use.node), use.input, array.ndim > 1), []).append(path)
    return list(weights.values()), list(groups.values())


def _effect(
    network: Network,
    checkpoint: Checkpoint,
    reference: Reference,
    paths: Sequence[Path],
    statistics: Statistics,
    noise: float,
) -> Sensitivity:
    """Add noise to tensors and return the effect; noise that does too much is made smaller."""
    unit = {}
    for path in paths:
        name = network.names[path]
        unit[name] = _unit_noise(network.constants[name], statistics.tensors.get(path), path)
    for attempt in range(_RETRIES + 1):
        with np.errstate(over="ignore"):  # a mask may hold the lowest number that there is
            replaced = {
                name: (network.constants[name] + np.sqrt(noise) * added).astype(network.constants[name].dtype)
                for name, added in unit.items()
            }
        divergence = reference.compare(checkpoint.run(replaced=replaced)).divergence
        if divergence <= MAX_DIVERGENCE or attempt == _RETRIES:
            break
        noise /= 10
    return Sensitivity(divergence, noise)


def _unit_noise(values: Array, statistics: TensorStatistics | None, path: Path) -> NDArray[np.float64]:
    """Return noise for a tensor that changes its layer's outputs by as much power as they have.

    Where that is out of range, it is white in the weights, of as much power as they have.
    """
    rng = np.random.default_rng(zlib.crc32(repr(path).encode()))
    white = rng.standard_normal(values.size)
    own = values.astype(np.float64).ravel()
    with np.errstate(all="ignore"):  # what is out of range is found in the result
        try:
            noise = None if statistics is None else _shaped_noise(white, own, statistics)
        except np.linalg.LinAlgError:
            noise = None
        if noise is None or not np.isfinite(noise).all():
            largest = float(np.abs(own).max(initial=0.0)) or 1.0
            noise = white * (largest * float((own / largest).std()) if own.size else 0.0)
    return noise.reshape(values.shape)


def _shaped_noise(
    white: NDArray[np.float64], own: NDArray[np.float64], statistics: TensorStatistics
) -> NDArray[np.float64]:
    """Return noise that is white in a layer's outputs, of as much power as they have, rank 1."""
    view = statistics.view
    blocks = statistics.blocked(white.reshape(view.rows, -1)).copy()
    for number, block in enumerate(blocks):
        if statistics.is_diagonal:
            scale = np.maximum(statistics.diagonal[number], statistics.power * 1e-6)
            blocks[number] = block / np.sqrt(scale)
        else:
            # The factor L of H = L L^T gives E = Z L^-1.
            factor = cholesky(statistics.regularized(number), lower=True, check_finite=False)
            blocks[number] = solve_triangular(factor, block.T, lower=True, trans="T", check_finite=False).T
    noise = statistics.unblocked(blocks)
    signal = statistics.output_power(view.to_coded(own).reshape(view.rows, -1))
    noise *= np.sqrt(signal / statistics.output_power(noise))
    placed: NDArray[np.float64] = view.from_coded(noise.ravel())
    return placed

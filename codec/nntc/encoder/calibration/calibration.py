"""Calibration of a network: what samples of its inputs tell, a function of both and of nothing else."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from nntc.encoder.calibration.collect import collect
from nntc.encoder.calibration.folding import Folding, fold_normalizations
from nntc.encoder.calibration.output_bias import OutputBias, find_output_biases
from nntc.encoder.calibration.sensitivity import Sensitivities, measure
from nntc.encoder.calibration.statistics import Statistics
from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.network import Network
from nntc.encoder.network.output_variation import lack_of_variation
from nntc.encoder.samples import Samples
from nntc.onnx.tensor import Path
from nntc.progress import Progress

_LEAST_SAMPLES, _MOST_SAMPLES, _RUNS = 16, 32, 1024
# Each tensor takes a run over some samples; the more tensors, the less the error of each matters. With
# 32 samples a sensitivity is off by about 20 % of itself, with 16 by 25 %.


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What samples tell of a network.

    Parameters
    ----------
    statistics
        Of what weights are multiplied with.
    folding
        Batch normalizations that became part of the weights before them.
    sensitivities
        How much noise in each tensor changes the network's outputs.
    output_biases
        Constants that can make up for a change of the mean of a layer's outputs, by weight tensor.
    doubt
        Why all of this had better not be used; "" if nothing speaks against it.
    """

    statistics: Statistics
    folding: Folding = field(default_factory=Folding)
    sensitivities: Sensitivities = field(default_factory=lambda: Sensitivities({}))
    output_biases: Mapping[Path, OutputBias] = field(default_factory=dict)
    doubt: str = ""


def calibrate_network(
    network: Network,
    samples: Samples,
    *,
    may_fold: Container[Path] = (),
    jobs: int = 1,
    progress: Progress | None = None,
) -> Calibration:
    """Run samples through a network and return what they tell.

    Parameters
    ----------
    network, samples
        The model and inputs for it; both stay as they are.
    may_fold
        Tensors that folding batch normalizations may change.
    jobs
        Threads; the results do not depend on them.
    progress
        Called with events.

    Raises
    ------
    ModelError
        E_RUN: onnxruntime cannot run the model.
    """
    network = network.with_branches(samples)
    statistics = collect(network, samples, jobs=jobs, progress=progress)
    some = samples[: sensitivity_samples(len(statistics.tensors))]
    reference = Reference(network, some, jobs=jobs, progress=progress)
    doubt = lack_of_variation(reference)
    if doubt:
        return Calibration(statistics, doubt=doubt)
    folding = fold_normalizations(network, may_fold)
    network = network.changed(folding.values)
    sensitivities = measure(network, statistics, reference, jobs=jobs, progress=progress)
    return Calibration(statistics, folding, sensitivities, find_output_biases(network, statistics))


def sensitivity_samples(tensors: int) -> int:
    """Return with how many samples the sensitivities of so many tensors are measured."""
    return min(max(_RUNS // max(tensors, 1), _LEAST_SAMPLES), _MOST_SAMPLES)

"""All that samples tell about a network, each part found when it is first asked for and kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property

from nntc.encoder.calibration.collect import collect
from nntc.encoder.calibration.output_bias import OutputBias, find_output_biases
from nntc.encoder.calibration.sensitivity import NOISE, Sensitivities, measure
from nntc.encoder.calibration.statistics import Statistics
from nntc.encoder.network.divergence import Reference
from nntc.encoder.network.session import Network
from nntc.encoder.samples import Samples, SampleSource, load_samples
from nntc.onnx.tensor import Path
from nntc.progress import Progress

_LEAST_SAMPLES, _MOST_SAMPLES, _RUNS = 16, 32, 1024
# Each tensor takes a run over some samples; the more tensors, the less the error of each matters. With
# 32 samples a sensitivity is off by about 20 % of itself, with 16 by 25 %.


class Calibration:
    """A network, samples of its inputs, and what they tell.

    Parameters
    ----------
    network, samples
        The model and its inputs.
    jobs
        Threads; nothing depends on them.
    progress
        Called with events.
    """

    def __init__(
        self, network: Network, samples: Samples, *, jobs: int = 1, progress: Progress | None = None
    ) -> None:
        self.network = network
        self.samples = samples
        self._jobs, self._progress = jobs, progress

    @cached_property
    def statistics(self) -> Statistics:
        """What weights are multiplied with."""
        return collect(self.network, self.samples, jobs=self._jobs, progress=self._progress)

    @cached_property
    def reference(self) -> Reference:
        """The network's outputs for the samples that sensitivities are measured with."""
        count = _RUNS // max(len(self.statistics.tensors), 1)
        count = min(max(count, _LEAST_SAMPLES), _MOST_SAMPLES)
        return Reference(self.network, self.samples[:count], jobs=self._jobs, progress=self._progress)

    @cached_property
    def sensitivities(self) -> Sensitivities:
        """How much noise in each tensor changes the network's outputs."""
        return self.sensitivities_at(NOISE)

    def sensitivities_at(self, noise: float | Mapping[Path, float]) -> Sensitivities:
        """Measure sensitivities at other noise than usual (see `sensitivity.measure`); not kept."""
        return measure(
            self.network,
            self.statistics,
            self.reference,
            noise=noise,
            jobs=self._jobs,
            progress=self._progress,
        )

    @cached_property
    def output_biases(self) -> dict[Path, OutputBias]:
        """Constants that can make up for a change of the mean of a layer's outputs, by weight tensor."""
        return find_output_biases(self.network, self.statistics)


def calibrate(
    model: str | os.PathLike[str] | bytes,
    samples: SampleSource | Samples,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Calibration:
    """Load a model and samples of its inputs, and prepare what they tell.

    Parameters
    ----------
    model
        Path of the model, its external data beside it, or the bytes of a model without any.
    samples
        See `load_samples`.
    jobs, progress
        See `Calibration`.

    Raises
    ------
    ImportError
        There is no onnxruntime.
    ModelError
        E_RUN: the model cannot be read, or onnxruntime cannot run it.
    SamplesError
        E_SAMPLES: the samples cannot be read, or do not fit the model.
    """
    network = Network(model)
    if not isinstance(samples, Samples):
        samples = load_samples(samples, network.inputs, progress=progress)
    network.take_branches(samples)
    return Calibration(network, samples, jobs=jobs, progress=progress)

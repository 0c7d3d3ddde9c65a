"""Calibration data of a model's tensors, by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nntc.encoder.calibration.statistics import TensorStatistics


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationData:
    """What calibration tells, by tensor number.

    Parameters
    ----------
    statistics
        Of what weights are multiplied with.
    sensitivity
        Divergence of the model's output for each unit of noise power in a layer's output, relative to the
        power of that output; of other tensors, for noise relative to their variance.
    output_biases
        For weights, the tensor that is added to the layer's outputs, and 1; or -1 if it is subtracted.
    missing
        Why weights have no statistics.
    """

    statistics: Mapping[int, TensorStatistics]
    sensitivity: Mapping[int, float]
    output_biases: Mapping[int, tuple[int, int]]
    missing: Mapping[int, str] = field(default_factory=dict)

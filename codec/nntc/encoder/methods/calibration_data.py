"""What calibration samples tell about tensors, by their numbers."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.onnx.tensor import Path

if TYPE_CHECKING:
    from nntc.encoder.calibration.calibration import Calibration


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
    """

    statistics: Mapping[int, TensorStatistics]
    sensitivity: Mapping[int, float]
    output_biases: Mapping[int, tuple[int, int]]


def calibration_data_of(
    calibration: Calibration, paths: Sequence[Path], biases: Mapping[Path, Path], whole: Container[int]
) -> CalibrationData:
    """Return what calibration tells about tensors with these paths; pieces of one tensor share it.

    Parameters
    ----------
    biases
        For weights, what is added to their outputs, where calibration does not know that.
    whole
        Numbers of tensors that are all of one ONNX tensor and no other: only they have an output bias, or
        are one.
    """
    numbers = {path: number for number, path in enumerate(paths) if number in whole}
    statistics = calibration.statistics.tensors
    slopes = calibration.sensitivities.slopes()
    output_biases = {}
    for path, offset in calibration.output_biases.items():
        if path in numbers and offset.path in numbers:
            output_biases[numbers[path]] = numbers[offset.path], offset.sign
    for path, bias in biases.items():
        if path in numbers and bias in numbers:
            output_biases[numbers[path]] = numbers[bias], 1
    # Errors are larger with other samples than these: what counts is the divergence with those.
    inflation = {
        path: found.cross_validated.inflation for path, found in statistics.items() if found.cross_validated
    }
    return CalibrationData(
        {number: statistics[path] for number, path in enumerate(paths) if path in statistics},
        {
            number: slopes[path] * inflation.get(path, 1.0)
            for number, path in enumerate(paths)
            if path in slopes
        },
        output_biases,
    )

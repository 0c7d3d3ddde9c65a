"""What calibration samples tell about tensors, by their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codec.encoder.calibration.statistics import TensorStatistics
from codec.format.onnx_tensor import Path

if TYPE_CHECKING:
    from codec.encoder.calibration.calibration import Calibration


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What calibration tells, by tensor number.

    Parameters
    ----------
    statistics
        Of what weights are multiplied with.
    sensitivity
        Divergence of the model's output for each unit of noise power in a layer's output, relative to the
        power of that output; of other tensors, for noise relative to their variance.
    offsets
        For weights, the tensor that is added to the layer's outputs, and 1; or -1 if it is subtracted.
    """

    statistics: Mapping[int, TensorStatistics]
    sensitivity: Mapping[int, float]
    offsets: Mapping[int, tuple[int, int]]


def known_of(calibration: Calibration, paths: Sequence[Path]) -> Known:
    """Return what calibration tells about tensors with these paths; pieces of one tensor share it."""
    numbers: dict[Path, int] = {}
    for number, path in enumerate(paths):
        numbers.setdefault(path, number)
    statistics = calibration.statistics.tensors
    slopes = calibration.sensitivities.slopes()
    offsets = {}
    for path, offset in calibration.offsets.items():
        if path in numbers and offset.path in numbers:
            offsets[numbers[path]] = numbers[offset.path], offset.sign
    return Known(
        {number: statistics[path] for number, path in enumerate(paths) if path in statistics},
        {number: slopes[path] for number, path in enumerate(paths) if path in slopes},
        offsets,
    )

"""Method auto with samples of the model's inputs: bits go where the network's output needs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.decoder.tensor.rounding import round_to_element
from codec.encoder.allocate import MAX_OUTPUT_NOISE, allocate_by_sensitivity
from codec.encoder.calibration.layers import Along
from codec.encoder.calibration.statistics import TensorStatistics
from codec.encoder.methods.calibrated_weights import CalibratedLevels, quantize_calibrated
from codec.encoder.methods.groups import group_parameters
from codec.encoder.methods.known import Known
from codec.encoder.methods.plan import Coded, Plan
from codec.encoder.methods.sorting import Sorting
from codec.encoder.methods.weights import quantize, shared_tables, weight_record
from codec.encoder.quantize.shaping import shapings
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers
from codec.format.view import View

_TINY = 1e-200


def plan_calibrated(
    tensors: list[Tensor],
    sorting: Sorting,
    exact: list[Coded],
    quality: float,
    workers: Workers,
    known: Known,
) -> Plan:
    """Return records at a quality in dB: the signal-to-noise ratio of layers' outputs, on average."""
    noise = allocate_by_sensitivity(
        {i: tensors[i].size for i in sorting.lossy},
        {i: known.sensitivity[i] for i in sorting.lossy if i in known.sensitivity},
        quality,
        sorting.weights,
    )
    parameters = set(sorting.parameters)
    has_offset = {i for i, (number, _) in known.offsets.items() if number in parameters}
    items = [(tensors[i], noise[i], known.statistics.get(i), i in has_offset) for i in sorting.weights]
    found = dict(zip(sorting.weights, workers.map(_quantize, items), strict=True))
    quantized = {i: result.quantized for i, result in found.items()}
    tables = shared_tables(list(quantized.values()))
    coded = [Coded(weight_record(tensors[i], quantized[i], tables), (i,)) for i in sorting.weights]
    changed = {}
    for i, result in found.items():
        if result.shift is not None:
            number, sign = known.offsets[i]
            changed[number] = _shifted(tensors[number], sign * result.shift)
    shifted = [changed.get(i, tensor) for i, tensor in enumerate(tensors)]
    # Noise was measured relative to the original values.
    variances = {i: max(float(shifted[i].values().var()), _TINY) for i in sorting.parameters}
    allowed = [
        min(noise[i] * float(tensors[i].values().var()) / variances[i], MAX_OUTPUT_NOISE)
        for i in sorting.parameters
    ]
    grouped = group_parameters(shifted, sorting.parameters, allowed)
    return Plan([*exact, *coded, *grouped], tables[0], changed=changed)


def _quantize(
    tensor: Tensor, noise: float, statistics: TensorStatistics | None, has_offset: bool
) -> CalibratedLevels:
    """Quantize weights, as without data where there are no statistics."""
    ways = shapings(tensor)
    if statistics is not None and _describes(statistics, tensor.view):
        # Groups of columns are too short for blocks of a transform.
        own = [way for way in ways if way.transform is None or statistics.along is Along.ROWS]
        try:
            return quantize_calibrated(own, tensor.values(), statistics, noise, has_offset)
        except np.linalg.LinAlgError:
            pass
    return CalibratedLevels(quantize(ways, tensor.values(), noise), None, noise)


def _describes(statistics: TensorStatistics, view: View) -> bool:
    """Return whether statistics are those of a matrix: of all of it, or of some rows of one block."""
    if statistics.is_diagonal:
        return False
    one = len(statistics.moment) == 1 or statistics.along is Along.COLUMNS
    return replace(statistics.view, rows=view.rows) == view if one else statistics.view == view


def _shifted(tensor: Tensor, shift: NDArray[np.float64]) -> Tensor:
    """Return a tensor with something added to its values."""
    values = round_to_element(tensor.values() + shift, tensor.element)
    return replace(tensor, data=memoryview(tensor.view.from_coded(values).tobytes()))

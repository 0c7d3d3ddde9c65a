"""Method auto with samples of the model's inputs: bits go where the network's output needs them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.decoder.tensor.rounding import round_to_element
from codec.encoder.allocate import allocate_by_sensitivity
from codec.encoder.calibration.statistics import TensorStatistics
from codec.encoder.methods.calibrated_weights import CalibratedLevels, quantize_calibrated
from codec.encoder.methods.groups import group_parameters
from codec.encoder.methods.known import Known
from codec.encoder.methods.plan import Coded, Plan
from codec.encoder.methods.sorting import Sorting
from codec.encoder.methods.weights import quantize, shared_tables, weight_record
from codec.encoder.quantize.shaping import Shaping, shapings
from codec.encoder.tensors import Tensor
from codec.encoder.workers import Workers


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
    items = [
        (
            tensors[i],
            noise[i],
            known.statistics.get(i),
            i in known.offsets and known.offsets[i][0] in parameters,
        )
        for i in sorting.weights
    ]
    found = dict(zip(sorting.weights, workers.map(_quantize, items), strict=True))
    quantized = {i: result.quantized for i, result in found.items()}
    tables = shared_tables(list(quantized.values()))
    coded = [Coded(weight_record(tensors[i], quantized[i], tables), (i,)) for i in sorting.weights]
    shifted = list(tensors)
    for i, result in found.items():
        if result.shift is not None:
            number, sign = known.offsets[i]
            shifted[number] = _shifted(tensors[number], sign * result.shift)
    grouped = group_parameters(shifted, sorting.parameters, [noise[i] for i in sorting.parameters])
    return Plan([*exact, *coded, *grouped], tables[0])


def _quantize(
    tensor: Tensor, noise: float, statistics: TensorStatistics | None, has_offset: bool
) -> CalibratedLevels:
    """Quantize weights, as without data where there are no statistics."""
    if statistics is not None and statistics.view == tensor.view and not statistics.is_diagonal:
        try:
            ways = [Shaping(tensor.view, None, None, np.ones(1))]
            return quantize_calibrated(ways, tensor.values(), statistics, noise, has_offset)
        except np.linalg.LinAlgError:
            pass
    return CalibratedLevels(quantize(shapings(tensor), tensor.values(), noise), None, noise)


def _shifted(tensor: Tensor, shift: NDArray[np.float64]) -> Tensor:
    """Return a tensor with something added to its values."""
    values = round_to_element(tensor.values() + shift, tensor.element)
    return replace(tensor, data=memoryview(tensor.view.from_coded(values).tobytes()))

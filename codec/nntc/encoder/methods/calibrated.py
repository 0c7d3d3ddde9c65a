"""Method auto with samples of the model's inputs: bits go where the network's output needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.allocate import MAX_OUTPUT_NOISE, allocate_by_sensitivity
from nntc.encoder.calibration.calibration_data import CalibrationData
from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.device import Device
from nntc.encoder.methods.aside import StoredLevels, put_aside
from nntc.encoder.methods.calibrated_weights import CalibratedLevels, quantize_calibrated
from nntc.encoder.methods.exact import plan_exact
from nntc.encoder.methods.fineness import is_finer_than_integers
from nntc.encoder.methods.lattice import quantize_settled, settled
from nntc.encoder.methods.nibbles import plan_nibbles
from nntc.encoder.methods.partition import FINE, Partition
from nntc.encoder.methods.plan import Plan, PlannedRecord, PlanRequest
from nntc.encoder.methods.small_tensors import code_small_tensors
from nntc.encoder.methods.stored_order import inputs_of, is_stored_order, quantize_in_stored_order
from nntc.encoder.methods.weight_record import weight_record
from nntc.encoder.methods.weights import shared_tables
from nntc.encoder.quantize.shaping import shapings
from nntc.encoder.tensors import Tensor
from nntc.format.rounding import round_to_element
from nntc.format.trellis import Machine
from nntc.format.view import View
from nntc.onnx.roles import Tolerance

_TINY = 1e-200


_UNUSED = "calibration does not help it: "


def plan_calibrated(
    tensors: Sequence[Tensor],
    partition: Partition,
    exact: list[PlannedRecord],
    quality: float,
    request: PlanRequest,
    data: CalibrationData,
) -> Plan:
    """Return records at a quality in dB: the signal-to-noise ratio of layers' outputs, on average."""
    workers, device, machine = request.workers, request.device, request.options.effort.machine
    # Small matrices have a layer's outputs as large ones have; a model may have no others.
    large = {*partition.weights, *partition.nibbles}
    weights = [i for i in partition.lossy if i in data.statistics or i in large]
    noise = allocate_by_sensitivity(
        {i: tensors[i].weights for i in partition.lossy},
        {i: data.sensitivity[i] for i in partition.lossy if i in data.sensitivity},
        quality,
        weights or partition.lossy,
    )
    parameters = set(partition.parameters)
    has_output_bias = {i for i, (number, _) in data.output_biases.items() if number in parameters}
    items = (
        (
            tensors[i],
            noise[i],
            *_statistics(tensors, i, data),
            data.missing.get(i, ""),
            i in has_output_bias,
            machine,
            device,
        )
        for i in partition.weights
    )
    store = workers.store()
    found = {}
    changed = {}
    results = workers.map(_quantize, items, len(partition.weights))
    for i, (levels, note) in zip(partition.weights, results, strict=True):
        if is_finer_than_integers(levels.quantized, tensors[i].grid):
            continue
        found[i] = StoredLevels.put(levels.quantized, store, device), note
        if levels.shift is not None:
            number, sign = data.output_biases[i]
            changed[number] = _shifted(tensors[number], sign * levels.shift)
    fine = plan_exact(tensors, dict.fromkeys(set(partition.weights) - found.keys(), FINE), workers, device)
    tables = shared_tables(stored.get() for stored, _ in found.values())
    coded = (
        PlannedRecord(replace(weight_record(tensors[i], stored.get(), tables, device), note=note), (i,))
        for i, (stored, note) in found.items()
    )
    shifted = [changed.get(i, tensor) for i, tensor in enumerate(tensors)]
    # Noise was measured relative to the original values.
    variances = {i: max(float(shifted[i].values().var()), _TINY) for i in partition.parameters}
    for i in partition.parameters:
        if tensors[i].tolerance is Tolerance.SCALING:
            variances[i] = float(np.square(tensors[i].values()).mean())
    allowed = [
        min(noise[i] * float(tensors[i].values().var()) / variances[i], MAX_OUTPUT_NOISE)
        for i in partition.parameters
    ]
    grouped = code_small_tensors(shifted, partition.parameters, allowed, device)
    nibbles = plan_nibbles(
        tensors, {i: noise[i] for i in partition.nibbles}, data.statistics, workers, device
    )
    return Plan(
        [*exact, *fine, *nibbles, *put_aside(chain(coded, grouped), workers.store(), device)], tables[0]
    )


def _quantize(
    tensor: Tensor,
    noise: float,
    statistics: TensorStatistics | None,
    is_inputs_first: bool,
    missing: str,
    has_output_bias: bool,
    machine: Machine,
    device: Device,
) -> tuple[CalibratedLevels, str]:
    """Quantize weights, as without data where statistics are of no use; return levels, and why then."""
    candidates = shapings(tensor)
    note = f"{_UNUSED}{missing}" if missing else ""
    if statistics is not None and not statistics.is_diagonal:
        note = f"{_UNUSED}its statistics are those of another matrix"
    if statistics is not None and (is_inputs_first or _describes(statistics, tensor.view)):
        # Groups of columns are too short for blocks of a transform.
        own = [
            candidate
            for candidate in candidates
            if candidate.transform is None or statistics.along is Along.ROWS
        ]
        try:
            with np.errstate(all="ignore"):  # what is out of range is found in the result
                if is_inputs_first:
                    plain = next(candidate for candidate in candidates if candidate.transform is None)
                    own_levels = quantize_in_stored_order(
                        plain, tensor.values(), statistics, noise, has_output_bias, machine
                    )
                    return own_levels, ""
                found = quantize_calibrated(
                    own, tensor.values(), statistics, noise, has_output_bias, machine, tensor.grid
                )
                return replace(found, quantized=settled(found.quantized, tensor.grid)), ""
        except np.linalg.LinAlgError:
            note = f"{_UNUSED}the second moments of its inputs cannot be inverted"
    quantized = quantize_settled(candidates, tensor.values(), noise, True, machine, device, tensor.grid)
    return CalibratedLevels(quantized, None, noise), note


def _statistics(
    tensors: Sequence[Tensor], number: int, data: CalibrationData
) -> tuple[TensorStatistics | None, bool]:
    """Return the statistics of a tensor, and whether it is stored inputs first: then of its inputs alone."""
    found, tensor = data.statistics.get(number), tensors[number]
    if found is None or tensor.grid is not None or not is_stored_order(found, tensor.view):
        return found, False
    before = sum(t.view.rows for t in tensors[:number] if t.payload == tensor.payload)
    return inputs_of(found, before, tensor.view.rows), True


def _describes(statistics: TensorStatistics, view: View) -> bool:
    """Return whether statistics are those of a matrix: of all of it, or of some rows of one block."""
    if statistics.is_diagonal:
        return False
    one = len(statistics.moment) == 1 or statistics.along is Along.COLUMNS
    return replace(statistics.view, rows=view.rows) == view if one else statistics.view == view


def _shifted(tensor: Tensor, shift: NDArray[np.float64]) -> Tensor:
    """Return a tensor with something added to its values."""
    values = round_to_element(tensor.values() + shift, tensor.element)
    return tensor.changed(memoryview(tensor.view.from_coded(values).tobytes()))

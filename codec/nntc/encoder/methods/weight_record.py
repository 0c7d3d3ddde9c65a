"""Records of large weight tensors: what quantizing left, with the tables that the whole model shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.entropy.contexts import SharedTables
from nntc.encoder.methods.weights import SCALAR_STEP, Quantized, Scalar, SharedSet
from nntc.encoder.quantize.dct import mixing_gain
from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, trellis_record, uniform_record
from nntc.encoder.tensors import Tensor
from nntc.format.registry import Coder, ElementType
from nntc.format.steps import STEP_CODES


def weight_record(
    tensor: Tensor, q: Quantized | Scalar, shared: SharedSet, device: Device = ANY_DEVICE
) -> Record:
    """Return the record of a quantized tensor for a device."""
    element, offset = tensor.element, 0.0
    if tensor.grid is not None:
        element, offset = tensor.grid.element, float(tensor.grid.zero)
    step = record_step(q)
    if isinstance(q, Scalar):
        return _scalar_record(element, q, _parameters(q, step * SCALAR_STEP, offset), device)
    classes, tables = q.scales.classes, None
    if q.family in shared.families:
        start, pairs, first = shared.families[q.family]
        base = q.first - first
        tables = SharedTables([table for table, _ in shared.tables], 2 * (start + base))
        # Contexts reach as far as there are tables.
        classes = replace(classes, count=min(classes.count, pairs - base))
    return trellis_record(
        element,
        q.candidate.view,
        _parameters(q, step, offset),
        q.found,
        q.segment,
        classes if classes.count > 1 else None,
        tables,
    )


def record_step(q: Quantized | Scalar) -> float:
    """Return the step of a record with step codes of rows; one without trellis takes SCALAR_STEP of these."""
    step = q.base_step * q.candidate.unit / mixing_gain(q.candidate.transform)
    return step if q.row_steps is None else step / q.row_steps.unit


def _scalar_record(element: ElementType, q: Scalar, parameters: UniformParameters, device: Device) -> Record:
    view = q.candidate.view
    classes = device.within(fit_scales(np.abs(q.levels).astype(np.float32), view).classes, 1)
    dense = uniform_record(element, view, parameters, q.levels, Coder.RANS, classes)
    if pruned_zeros(q.levels) is None:
        return dense
    # Zeros have low bits in one, and none in the other.
    rows = uniform_record(element, view, parameters, q.levels, Coder.RANS, background=0)
    return min(dense, rows, key=lambda record: record.expected_size)


def _parameters(q: Quantized | Scalar, step: float, offset: float) -> UniformParameters:
    row_codes = None if q.row_steps is None else q.row_steps.codes
    if q.row_steps is not None and q.row_steps.scales is not None and not q.row_steps.codes.any():
        step, row_codes = step * float(STEP_CODES[0]), None  # one scale for all rows
    return UniformParameters(
        float(np.float32(step)),
        offset,
        transform=q.candidate.transform,
        row_codes=row_codes,
        column_codes=q.candidate.codes,
    )

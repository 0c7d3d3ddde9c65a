"""Exact records of quantized weights: levels of step 1, with tables that all of them share.

Rows and channels of like spread have like distributions in every tensor, so that tables by spread serve them
all: tables of 256 tokens for each tensor would take half a per cent of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.entropy.contexts import SharedTables
from nntc.encoder.entropy.fragments import count_tokens
from nntc.encoder.entropy.tables import make_tables
from nntc.encoder.methods.partition import SMALL
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.quantize.scales import Scales, fit_scales
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, token_record
from nntc.encoder.tensors import Tensor
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.tables import MAX_TABLES, FrequencyTable, write_tables

_LEAST = -128
_SPREADS = 24
"""Scale classes of table 0 and on: three to an octave, of magnitudes from 1 to that of all integers."""

Tables = Sequence[tuple[FrequencyTable, int]]


@dataclass(frozen=True, slots=True, eq=False)
class _Tokens:
    """A tensor's integers as tokens, and the tables that they have."""

    tokens: NDArray[np.uint8]
    scales: Scales

    @property
    def first(self) -> int:
        """Table of context 0."""
        return min(max(self.scales.lowest, 0), _SPREADS)


def code_integers(
    tensors: Sequence[Tensor], sizes: Mapping[int, int], others: Tables, device: Device = ANY_DEVICE
) -> tuple[list[PlannedRecord], Tables]:
    """Return records of those quantized weights that become smaller by them, and all tables of the model.

    Parameters
    ----------
    tensors
        All tensors.
    sizes
        By tensor number, the bytes of other records that tensors by themselves have.
    others
        Tables that other records share.
    device
        The decoder that the records are for.

    Returns
    -------
    No records, and the other tables, where all of them and new tables are larger.
    """
    found = {i: own for i in sizes if (own := _tokens(tensors[i], device)) is not None}
    tables = _shared(tensors, found)
    if not found or len(others) + len(tables) > MAX_TABLES:
        return [], others
    both = [*others, *tables]
    plain = [table for table, _ in both]
    saved = -float(len(write_tables(tables)))
    records = []
    for i, own in found.items():
        record = _record(tensors[i], own, SharedTables(plain, len(others) + own.first), len(tables))
        if record.expected_size < sizes[i]:
            saved += sizes[i] - record.expected_size
            records.append(PlannedRecord(record, (i,)))
    return (records, both) if saved > 0 else ([], others)


def _tokens(tensor: Tensor, device: Device) -> _Tokens | None:
    if tensor.grid is None or tensor.size < SMALL:
        return None
    integers = tensor.grid.integers(tensor.bits()).ravel() - _LEAST
    if integers.min() < 0 or integers.max() > np.iinfo(np.uint8).max:
        return None
    scales = fit_scales(np.abs(integers + _LEAST).astype(np.float32), tensor.view)
    return _Tokens(integers.astype(np.uint8), replace(scales, classes=device.within(scales.classes, 1)))


def _shared(tensors: Sequence[Tensor], found: dict[int, _Tokens]) -> list[tuple[FrequencyTable, int]]:
    """Return tables by spread, from that of the least on."""
    count = _SPREADS + 1 + MAX_CONTEXTS
    counts = np.zeros((count, 256), np.int64)
    for i, own in found.items():
        numbers = own.scales.classes.contexts(tensors[i].view).astype(np.uint16) + np.uint16(own.first)
        counts += count_tokens(own.tokens, numbers, count)
    used = np.flatnonzero(counts.any(axis=1))
    end = int(used[-1]) + 1 if used.size else 0
    return make_tables(counts[:end])


def _record(tensor: Tensor, own: _Tokens, shared: SharedTables, tables: int) -> Record:
    if tensor.grid is None:
        raise ValueError("only quantized weights have a grid")
    classes = replace(own.scales.classes, count=min(own.scales.classes.count, tables - own.first))
    parameters = UniformParameters(1.0, float(tensor.grid.zero))
    return token_record(
        tensor.grid.element, tensor.view, parameters, own.tokens, _LEAST,
        classes if classes.count > 1 else None, shared,
    )  # fmt: skip

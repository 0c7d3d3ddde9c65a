"""Results put aside in a file while others are made, so that no model need fit into memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from zstandard import ZstdCompressor, ZstdDecompressor

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.entropy.fragments import Fragment, assemble
from nntc.encoder.entropy.rans import EncoderStream, choose_lanes
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.methods.weights import Quantized, Scalar
from nntc.encoder.store import Store, Stored

_TOGETHER = 1 << 23
"""Tokens that are encoded in lockstep: many small tensors take little longer than one then."""
_RECORDS = 1 << 14
_LEVEL = 1  # of zstd, for what is read again in a moment


def put_aside(
    planned: Iterable[PlannedRecord], store: Store, device: Device = ANY_DEVICE
) -> list[PlannedRecord]:
    """Return planned records, their bytes made for a device and put aside; nothing of `planned` is kept."""
    done: list[PlannedRecord] = []
    batch: list[PlannedRecord] = []
    tokens = 0
    for record in planned:
        batch.append(record)
        tokens += _tokens(record)
        if tokens >= _TOGETHER or len(batch) == _RECORDS:
            done += _stored(batch, store, device)
            batch, tokens = [], 0
        del record  # nothing here keeps it while the next is made
    return done + _stored(batch, store, device)


def _tokens(planned: PlannedRecord) -> int:
    return sum(f.tokens.size if isinstance(f, EncoderStream) else len(f) for f in planned.record.fragments)


def _stored(batch: list[PlannedRecord], store: Store, device: Device) -> list[PlannedRecord]:
    bodies = assemble([[_within(f, device) for f in planned.record.fragments] for planned in batch])
    return [
        replace(planned, record=replace(planned.record, fragments=[store.put(body)]))
        for planned, body in zip(batch, bodies, strict=True)
    ]


def _within(fragment: Fragment, device: Device) -> Fragment:
    """Return a fragment whose lanes there is room for."""
    if not isinstance(fragment, EncoderStream) or device.memory is None:
        return fragment
    return replace(fragment, lanes=choose_lanes(fragment.tokens.size, fragment.segment, device.lanes))


@dataclass(frozen=True, slots=True, eq=False)
class StoredLevels:
    """Levels of a tensor, put aside until the tables that all tensors share are known."""

    rest: Quantized | Scalar
    levels: Stored
    type: np.dtype[Any]
    quantizers: Stored | None

    @classmethod
    def put(cls, quantized: Quantized | Scalar, store: Store, device: Device = ANY_DEVICE) -> StoredLevels:
        """Put levels aside, to be coded with no more contexts than a device has room for."""
        if isinstance(quantized, Scalar):
            levels, type_ = _packed(quantized.levels, store)
            return cls(replace(quantized, levels=np.zeros(0, np.int64)), levels, type_, None)
        classes = device.within(quantized.scales.classes, 2)
        quantized = replace(quantized, scales=replace(quantized.scales, classes=classes))
        levels, type_ = _packed(quantized.found.levels, store)
        quantizers = store.put(np.packbits(quantized.found.quantizers).tobytes())
        nothing = replace(quantized.found, levels=np.zeros(0, np.int32), quantizers=np.zeros(0, np.uint8))
        return cls(replace(quantized, found=nothing), levels, type_, quantizers)

    def get(self) -> Quantized | Scalar:
        """Return the levels."""
        levels = np.frombuffer(ZstdDecompressor().decompress(self.levels.read()), self.type)
        if isinstance(self.rest, Scalar):
            return replace(self.rest, levels=levels.astype(np.int64))
        if self.quantizers is None:
            raise ValueError("levels of a trellis have quantizers")
        bits = np.frombuffer(self.quantizers.read(), np.uint8)
        found = replace(
            self.rest.found,
            levels=levels.astype(np.int32),
            quantizers=np.unpackbits(bits, count=levels.size),
        )
        return replace(self.rest, found=found)


def _packed(levels: NDArray[np.signedinteger], store: Store) -> tuple[Stored, np.dtype[Any]]:
    """Put integers aside in the fewest bytes that hold each of them."""
    low, high = int(levels.min()), int(levels.max())
    type_ = np.result_type(np.min_scalar_type(min(low, -1)), np.min_scalar_type(min(-1 - high, -1)))
    return store.put(ZstdCompressor(_LEVEL).compress(levels.astype(type_).tobytes())), type_

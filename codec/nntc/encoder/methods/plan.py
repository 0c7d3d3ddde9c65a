"""The plan that a method makes: planned records for all tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from nntc.encoder.calibration.calibration_data import CalibrationData
from nntc.encoder.device import Device
from nntc.encoder.options import Options
from nntc.encoder.stages import TensorSizes
from nntc.encoder.store import Stored
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.encoder.workers import Workers
from nntc.format.tables import FrequencyTable

if TYPE_CHECKING:
    from nntc.encoder.update.base import UpdateBase

ENTRY = 20
"""Bytes of a section in the directory."""


class Overhead(Protocol):
    """What a file costs beyond its TENSOR sections, and what it came from, in bytes."""

    original_size: int

    @property
    def size(self) -> int:
        """Bytes of all but TENSOR sections and their entries."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PlanRequest:
    """What a method is given.

    Parameters
    ----------
    tensors
        What to code, in the order of payloads.
    options
        What is asked.
    overhead
        For goals of size.
    workers
        What runs the work.
    calibration
        Calibration data of the tensors, if there is any.
    base
        What an update is made from.
    share
        Price of errors of the change in an update; None for the usual.
    """

    tensors: Sequence[Tensor]
    options: Options
    overhead: Overhead
    workers: Workers
    calibration: CalibrationData | None = None
    base: UpdateBase | None = None
    share: float | None = None

    @property
    def device(self) -> Device:
        """The decoder that the file is for."""
        return Device(self.options.device_memory)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedRecord:
    """A record and the tensors whose bytes its parts are, in order of the parts."""

    record: Record
    tensors: tuple[int, ...]

    @property
    def body(self) -> Stored:
        """Its bytes, once they are made and put aside."""
        (body,) = self.record.fragments
        if not isinstance(body, Stored):
            raise TypeError("a record that is not put aside has no bytes yet")
        return body

    @property
    def size(self) -> int:
        """Bytes of its section; of a record that is put aside."""
        return len(self.body)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Records for all tensors, put aside, and the shared tables they use, each with its precision.

    Parameters
    ----------
    sizes
        Method deep: by tensor number, sizes after its stages.
    copied
        By number of tensors without a record, where in the base their bytes begin.
    """

    coded: Sequence[PlannedRecord]
    tables: Sequence[tuple[FrequencyTable, int]] = ()
    remarks: tuple[str, ...] = ()
    sizes: Mapping[int, TensorSizes] = field(default_factory=dict)
    copied: Mapping[int, int] = field(default_factory=dict)

"""Content of NOTES: errors of parts, divergence of outputs, the encoder's name.

Implements SPEC.md 6.6 (R-272).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from nntc.format.fields import Layout, Named, Raw, VarInt, f32, u8

VERSION = 0
_SMALLEST = 2.0**-24  # positive binary16


class NotedMeasure(IntEnum):
    """What a divergence of outputs is measured as."""

    NONE = 0
    KL_DIVERGENCE = 1
    SQUARED_ERROR = 2
    MIXED = 3


class NotedSamples(IntEnum):
    """Samples that a divergence of outputs was measured on."""

    EVALUATION = 0
    HELD_OUT = 1
    CALIBRATION = 2


@dataclass(frozen=True, slots=True)
class NotesContent:
    """The fields as they are stored; those after `measure` are None where that is NONE."""

    version: int
    count: int
    error: bytes
    measure: NotedMeasure
    measured_on: NotedSamples | None
    samples: int | None
    divergence: float | None
    name_length: int
    name: bytes


def _is_measured(fields: Named, _given: Named) -> bool:
    return bool(fields["measure"] != NotedMeasure.NONE)


def _is_positive(errors: bytes, _fields: Named, _given: Named) -> bool:
    return not any(byte & 0x80 for byte in errors[1::2])


NOTES = Layout(
    NotesContent,
    # No fault here is one of the file: tools treat the notes as absent.
    version=u8(),
    count=VarInt(),
    error=Raw(lambda fields, _: 2 * fields["count"], "errors").must(
        "R-272", "E_RESERVED", "an error is negative", _is_positive
    ),
    measure=u8().within("R-272", 0, max(NotedMeasure), "E_RESERVED", "measure").becomes(NotedMeasure),
    measured_on=u8()
    .within("R-272", 0, max(NotedSamples), "E_RESERVED", "measured_on")
    .becomes(NotedSamples)
    .when(_is_measured),
    samples=VarInt().when(_is_measured),
    divergence=f32().when(_is_measured),
    name_length=VarInt(),
    name=Raw(lambda fields, _: fields["name_length"], "name"),
)


def write_errors(errors: NDArray[np.float64]) -> bytes:
    """Return relative errors as binary16: 0 for exact alone, NaN for unknown.

    Parameters
    ----------
    errors
        float64, rank 1, at least 0 or NaN.
    """
    with np.errstate(over="ignore"):
        noted = np.where(errors > 0, np.maximum(errors, _SMALLEST), errors).astype("<f2")
    return noted.tobytes()


def read_errors(data: bytes) -> list[float | None]:
    """Return the relative errors that are stored; None for unknown."""
    return [None if error != error else float(error) for error in np.frombuffer(data, "<f2").tolist()]

"""Lattices of quantized weights: the integers that levels decode to, and the levels nearest to integers.

Decoding rounds to integers. Levels nearest to what they decode to are found from that again, without being
told: the model can then be coded a second time as it is. Those that a search left are that but for few in a
thousand, which are exchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import Device
from nntc.encoder.integer_grid import IntegerGrid
from nntc.encoder.methods.fineness import is_finer_than_integers
from nntc.encoder.methods.weight_record import record_step
from nntc.encoder.methods.weights import Quantized, Scalar, quantize
from nntc.encoder.quantize.dct import forward, mixing_gain
from nntc.encoder.quantize.shaping import Shaping
from nntc.encoder.quantize.trellis import TrellisLevels, search
from nntc.format.rounding import dequantize
from nntc.format.steps import STEP_CODES
from nntc.format.transform import SCALE
from nntc.format.trellis import Machine

_ROUNDS = 12
_FREE = np.zeros((2, 256), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """What levels of a tensor of quantized weights decode to.

    Parameters
    ----------
    grid
        What the integers stand for.
    shaping
        View, transform, and step codes of columns.
    row_codes
        uint8 [rows]: step codes of rows.
    step
        That of the record.
    """

    grid: IntegerGrid
    shaping: Shaping
    row_codes: NDArray[np.uint8]
    step: float

    @classmethod
    def of(cls, quantized: Quantized, grid: IntegerGrid) -> Lattice:
        """Return the lattice of a quantized tensor."""
        rows = grid.scales.size
        codes = np.zeros(rows, np.uint8) if quantized.row_steps is None else quantized.row_steps.codes
        return cls(grid, quantized.candidate, codes, float(np.float32(record_step(quantized))))

    @property
    def units(self) -> NDArray[np.float64]:
        """What a fine integer of 1 is in the transform's domain, in integers, float64 [rows, columns]."""
        unit = self.step * mixing_gain(self.shaping.transform)
        columns = np.ones(self.shaping.view.columns)
        if self.shaping.codes is not None:
            columns = STEP_CODES[self.shaping.codes]
        return np.outer(unit * STEP_CODES[self.row_codes], columns)

    def scaled(self, fine: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return what fine integers are before they are multiplied with the step, float64 [rows, columns]."""
        x = fine.astype(np.float64).reshape(self.row_codes.size, -1)
        if self.shaping.codes is not None:
            x *= STEP_CODES[self.shaping.codes]
        if self.shaping.transform is not None:
            x = self.shaping.transform.inverse(x.ravel()).reshape(x.shape)
        return x

    @property
    def factors(self) -> NDArray[np.float64]:
        """What a decoder multiplies the rows of `scaled` with, float64 [rows, 1]."""
        scale = 1.0 if self.shaping.transform is None else SCALE
        return (self.step * scale * STEP_CODES[self.row_codes])[:, None]

    def integers(self, fine: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return what fine integers decode to, less the zero point, int64 [rows, columns]."""
        decoded = dequantize(self.scaled(fine), self.factors, float(self.grid.zero), self.grid.element)
        return decoded.astype(np.int64) - self.grid.zero

    def coefficients(self, integers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return integers less the zero point in the domain of the transform, float64 [rows, columns]."""
        x = integers.astype(np.float64)
        if self.shaping.transform is not None:
            x = forward(x.ravel(), self.shaping.transform).reshape(x.shape)
        return x

    def nearest(
        self,
        integers: NDArray[np.int64],
        segment: int,
        machine: Machine,
        zeros: NDArray[np.bool_] | None = None,
    ) -> TrellisLevels:
        """Return the levels nearest to integers less the zero point, int64 [rows, columns].

        Parameters
        ----------
        segment, machine
            Of the trellis.
        zeros
            bool, rank 1: which must be level 0; None for no matter.
        """
        x = (self.coefficients(integers) / self.units).astype(np.float32).ravel()
        return search(x, np.zeros(x.size, np.uint16), _FREE, 0.0, segment, machine, zeros)


def quantize_settled(
    candidates: Sequence[Shaping],
    values: NDArray[np.float64],
    noise: float,
    by_row: bool,
    machine: Machine,
    device: Device,
    grid: IntegerGrid | None,
    scalar: bool = False,
) -> Quantized | Scalar:
    """Quantize a tensor as `quantize`, and settle it."""
    return settled(quantize(candidates, values, noise, by_row, machine, device, grid, scalar), grid)


def settled(quantized: Quantized | Scalar, grid: IntegerGrid | None) -> Quantized | Scalar:
    """Return levels that are nearest to the integers which they decode to; others than integers as they are.

    Each round comes nearer: from levels to the nearest integers, from these to the nearest levels.
    """
    if grid is None or isinstance(quantized, Scalar) or is_finer_than_integers(quantized, grid):
        return quantized
    lattice, found = Lattice.of(quantized, grid), quantized.found
    integers = lattice.integers(found.fine)
    for _ in range(_ROUNDS):
        zeros = None if not quantized.family else integers.ravel() == 0
        found = lattice.nearest(integers, quantized.segment, found.machine, zeros)
        after = lattice.integers(found.fine)
        if np.array_equal(after, integers):
            break
        integers = after
    return replace(quantized, found=found)

"""Sums over the inputs of one layer while samples run, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.calibration.layers import Along, LayerInput, Placement, TableInput
from nntc.encoder.calibration.moments import MomentSum, memory_of
from nntc.encoder.calibration.shrinkage import Shrinkage, choose_shrinkage, thinned
from nntc.encoder.calibration.statistics import in_blocks
from nntc.encoder.calibration.weight_prior import kernel_moments, prior_moments
from nntc.encoder.samples import Array

_FAR = 60
"""Octaves from 1 to the largest moment of a block; float32 has 127, and its products twice as many."""


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """Means over the vectors of a layer's input, or how often each row of a table is looked up."""

    moment: NDArray[np.float32]
    mean: NDArray[np.float32]
    images: int
    vectors: int
    positions: int
    parts: int = 1
    counts: NDArray[np.int64] | None = None
    cross_validated: Shrinkage | None = None
    weight_prior: NDArray[np.float32] | None = None


PlacedWeights = tuple[Array, Placement]
"""A weight tensor and its matrix."""


class InputSums:
    """Sums over the input vectors of a layer, in the order of its matrix's columns.

    And over those of every other batch, of as many columns as cross-validation needs.
    """

    def __init__(self, source: LayerInput, order: NDArray[np.int64] | None) -> None:
        self._source, self._order = source, order
        self._all = MomentSum(source.blocks, source.size)
        self._parts = self._all.parts
        width = source.size // self._parts
        self._taps = source.taps if order is None and width % source.taps == 0 else 1
        self._some, self._columns = thinned(source.blocks * self._parts, width)
        self._half = MomentSum(len(self._some), len(self._columns))

    @staticmethod
    def memory(source: LayerInput) -> int:
        """Return about how many bytes the sums over an input take at most."""
        some, columns = thinned(source.blocks, source.size)
        return memory_of(source.blocks, source.size) + memory_of(some.size, columns.size)

    def add(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> None:
        """Add a batch; see `LayerInput.vectors`."""
        vectors, positions = self._source.vectors(values, limit, rng)
        if self._order is not None:
            vectors = vectors[:, :, self._order]
        self._all.add(vectors, positions)
        if self._all.batches % 2 and not self._all.is_diagonal:
            few = self._all.in_parts(vectors)[self._some]
            self._half.add(few if few.shape[2] == len(self._columns) else few[:, :, self._columns], positions)

    def finish(self, weights: Sequence[PlacedWeights]) -> Collected:
        """Return means; `weights` are all that are multiplied with the vectors."""
        moment, mean = self._all.means()
        with np.errstate(over="ignore", invalid="ignore"):
            cross_validated = weight_prior = None
            if 0 < self._half.vectors < self._all.vectors and np.isfinite(moment).all():
                rows, center, width = self._rows(weights), mean.reshape(moment.shape[:2]), moment.shape[1]
                few, some = None, self._some
                kernel = kernel_moments(moment, center, self._taps)
                if self._taps < width:
                    few = prior_moments(rows[some], kernel[some], self._columns)
                cross_validated = choose_shrinkage(self._halves(moment, center), few)
                if cross_validated and cross_validated.prior_share:
                    weight_prior = prior_moments(rows, kernel, np.arange(width))
            return Collected(
                moment.astype(np.float32),
                mean.astype(np.float32),
                self._all.batches,
                self._all.vectors,
                self._all.positions,
                self._parts,
                cross_validated=cross_validated,
                weight_prior=None if weight_prior is None else _in_range(weight_prior),
            )

    def _halves(
        self, moment: NDArray[np.float64], mean: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the second moments of each half of the batches about the mean of all, of some columns."""
        center = mean[self._some][:, self._columns]
        first, mean_of_first = self._half.means()
        mean_of_first = mean_of_first.reshape(center.shape)
        share = self._half.vectors / self._all.vectors
        both = moment[np.ix_(self._some, self._columns, self._columns)]
        second = (both - share * first) / (1 - share)
        mean_of_second = (center - share * mean_of_first) / (1 - share)
        return _about(first, mean_of_first, center), _about(second, mean_of_second, center)

    def _rows(self, weights: Sequence[PlacedWeights]) -> NDArray[np.float32]:
        """Return the rows of all weights that are multiplied with these vectors, as moments are in blocks."""
        blocks, size = self._source.blocks * self._parts, self._source.size // self._parts
        return np.concatenate(
            [
                in_blocks(
                    place.view.to_coded(array.ravel()).reshape(place.view.rows, -1),
                    blocks,
                    size,
                    Along.COLUMNS if self._parts > 1 else place.along,
                ).astype(np.float32)
                for array, place in weights
            ],
            axis=1,
        )


def _in_range(moments: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return moments of any scale in the range of float32: divided by a power of two where they are not."""
    _, exponents = np.frexp(np.abs(moments).max(axis=(1, 2), keepdims=True))
    divided = np.where(np.abs(exponents) > _FAR, -exponents, 0)
    return np.asarray(np.ldexp(moments, divided), np.float32)


def _about(
    moment: NDArray[np.float64], mean: NDArray[np.float64], center: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean of (x - center)(x - center)^T, from those of x x^T and x; by block."""
    crossed = mean[:, :, None] * center[:, None, :]
    return moment - crossed - crossed.swapaxes(1, 2) + center[:, :, None] * center[:, None, :]


class LookUps:
    """How often each row of a table is looked up; its columns matter alike."""

    def __init__(self, source: TableInput, columns: int) -> None:
        self._source = source
        self._columns = columns
        self._counts = np.zeros(source.rows, np.int64)
        self._batches = 0

    def add(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> None:  # noqa: ARG002
        """Add a batch; all of its look-ups count."""
        self._counts += self._source.counts(values[0])
        self._batches += 1

    def finish(self, weights: Sequence[PlacedWeights]) -> Collected:  # noqa: ARG002
        """Return the counts."""
        ones = np.ones((1, self._columns), np.float32)
        total = int(self._counts.sum())
        return Collected(ones, ones * 0, self._batches, total, total, counts=self._counts)

"""Second moments of vectors, summed up as they come."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_COLUMNS = 6144
"""Largest block of a second moment; a longer vector is cut into equal parts, each with a block of its own."""
MAX_BYTES = 1 << 29
"""Memory of the sums of one layer's input, and of all that are collected in one pass (512 MiB)."""
_MAX_PARTS = 64
_LEAST_ROWS, _MOST_ROWS = 128, 1024  # of a product: it should cost more than adding it to the sum
_SMALL = 64  # columns of blocks that are multiplied all at once
_FLUSH_BYTES = 1 << 25
_SUM_WIDTH, _WAITING_WIDTH = 8, 4  # bytes of float64 and float32


def parts_of(blocks: int, size: int) -> int:
    """Return into how many parts the second moment of vectors is cut: 1 for none, `size` for a diagonal.

    Parameters
    ----------
    blocks, size
        Of the vectors, as `LayerInput` has them.
    """
    for parts in range(1, _MAX_PARTS + 1 if blocks == 1 else 2):
        width = size // parts
        if size % parts == 0 and width <= MAX_COLUMNS and blocks * size * width * _SUM_WIDTH <= MAX_BYTES:
            return parts
    return size


def memory_of(blocks: int, size: int) -> int:
    """Return about how many bytes a `MomentSum` takes at most."""
    width = size // parts_of(blocks, size)
    waiting = min(_rows_of(width) * blocks * size * _WAITING_WIDTH, _FLUSH_BYTES)
    return blocks * size * width * _SUM_WIDTH + width * width * _SUM_WIDTH + 4 * waiting


def _rows_of(width: int) -> int:
    """Return how many vectors wait until they are multiplied, for blocks of `width` columns."""
    return min(max(width, _LEAST_ROWS), _MOST_ROWS)


class MomentSum:
    """Sums of x and of x x^T over vectors x, many vectors at a time, in float64.

    In float32 they would depend on the order in which a library adds on each kind of processor; rounded to
    float32, as statistics hold them, these do not, but for one in a billion.

    Parameters
    ----------
    blocks, size
        Shape of the vectors: `blocks` independent ones of `size` elements.
    """

    def __init__(self, blocks: int, size: int) -> None:
        self._parts = parts_of(blocks, size)
        width = size // self._parts
        self.is_diagonal = width == 1 < size
        shape = (blocks, size) if self.is_diagonal else (blocks * self._parts, width, width)
        self._products = np.zeros(shape)
        self._sums = np.zeros((blocks, size))
        self._waiting: list[NDArray[np.float32]] = []
        self._rows = 0
        self.vectors = 0
        """Vectors added, of each block."""
        self.positions = 0
        """Vectors that there were in all."""
        self.batches = 0
        """Calls of `add`."""

    @property
    def parts(self) -> int:
        """Parts that each vector is cut into; 1 where the moment is a diagonal."""
        return 1 if self.is_diagonal else self._parts

    def add(self, vectors: NDArray[np.float32], positions: int) -> None:
        """Add vectors, shape (blocks, n, size), of `positions` that there were."""
        self._waiting.append(vectors)
        self._rows += vectors.shape[1]
        self.vectors += vectors.shape[1]
        self.positions += positions
        self.batches += 1
        waiting = self._rows * self._sums.size * _WAITING_WIDTH
        if self._rows >= _rows_of(self._products.shape[-1]) or waiting >= _FLUSH_BYTES:
            self._flush()

    def means(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the means of x x^T, shape (blocks * parts, width, width) or (blocks, size), and of x.

        Once, at the end: they take the place of the sums.
        """
        self._flush()
        for sums in (self._products, self._sums):
            sums /= max(self.vectors, 1)
        return self._products, self._sums

    def in_parts(self, vectors: NDArray[Any]) -> NDArray[Any]:
        """Return vectors, shape (blocks, n, size), as (blocks * parts, n, width)."""
        if self.parts == 1:
            return vectors
        return vectors.reshape(vectors.shape[1], self._parts, -1).transpose(1, 0, 2)

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows: NDArray[Any] = np.concatenate(self._waiting, axis=1)
        self._waiting, self._rows = [], 0
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told apart at the end
            self._sums += rows.sum(axis=1, dtype=np.float64)
            if self.is_diagonal:
                self._products += np.square(rows, dtype=np.float64).sum(axis=1)
                return
            rows = self.in_parts(rows)
            if rows.shape[2] <= _SMALL:
                wide = rows.astype(np.float64)
                self._products += wide.swapaxes(1, 2) @ wide
                return
            for product, block in zip(self._products, rows, strict=True):
                wide = block.astype(np.float64)
                product += wide.T @ wide

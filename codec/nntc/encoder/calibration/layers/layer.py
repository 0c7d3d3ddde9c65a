"""Input vectors of a layer, and how their order relates to a tensor's matrix view.

A layer multiplies rows of weights with vectors x: columns of an im2col matrix, rows of a batch, hidden
states. It may do so in blocks: `blocks` independent sets of vectors of `size` elements, such as the groups
of a convolution.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.format.view import View

Array = NDArray[Any]
Floats = NDArray[np.float32]


class LayerInput(ABC):
    """Where a layer's input vectors come from. Equal inputs give equal vectors."""

    @property
    @abstractmethod
    def tensors(self) -> tuple[str, ...]:
        """Names of the tensors they are made of."""

    @property
    @abstractmethod
    def blocks(self) -> int:
        """Number of blocks."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Elements of a vector."""

    @property
    def taps(self) -> int:
        """Kernel positions of each channel; the elements of one channel follow each other."""
        return 1

    @abstractmethod
    def vectors(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> tuple[Floats, int]:
        """Return vectors of one batch.

        Parameters
        ----------
        values
            The tensors' values.
        limit
            Vectors of each block to return at most, for each sample in the batch where that axis is known.
        rng
            Chooses them if there are more.

        Returns
        -------
        Vectors, float32, shape (blocks, n, size), and how many there are in all.
        """


class Along(Enum):
    """What the blocks of a layer's input are to the matrix of its weights."""

    ROWS = "equal runs of rows have one block each"
    COLUMNS = "equal runs of columns have one block each, in every row"


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """How a layer's input vectors meet the columns of a tensor's matrix.

    Parameters
    ----------
    view
        The matrix: rows are outputs.
    along
        What blocks are to it.
    order
        For each of a block's columns the element of the layer's vectors it is multiplied with; None where
        they are in the same order.
    """

    view: View
    along: Along = Along.ROWS
    order: NDArray[np.int64] | None = None


def choose(count: int, limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `limit` of `count` indices in rising order, or all of them."""
    if count <= limit:
        return np.arange(count)
    return np.sort(rng.choice(count, limit, replace=False, shuffle=False))


def order_of(sizes: Sequence[int], axes: Sequence[int]) -> NDArray[np.int64] | None:
    """Return the places of elements when axes that follow each other as `axes` are put into rising order.

    Parameters
    ----------
    sizes
        Sizes of the axes as the layer sees them.
    axes
        The stored tensor's axis for each of them.
    """
    if list(axes) == sorted(axes):
        return None
    places = np.arange(prod(sizes)).reshape(sizes)
    return places.transpose(np.argsort(axes)).ravel()

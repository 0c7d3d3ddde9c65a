"""Whole tensors: those too large for one section are coded in pieces, but given their precision together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.tensors import Tensor


class Wholes:
    """Some tensors of a model by the payloads that they are, or are pieces of.

    Parameters
    ----------
    tensors, numbers
        All tensors, and the numbers of those that these are about.
    """

    def __init__(self, tensors: Sequence[Tensor], numbers: Sequence[int]) -> None:
        self._tensors = tensors
        self._pieces: dict[int, list[int]] = {}
        for i in numbers:
            self._pieces.setdefault(tensors[i].payload, []).append(i)

    @property
    def sizes(self) -> list[int]:
        """Number of weights of each."""
        return [sum(self._tensors[i].weights for i in pieces) for pieces in self._pieces.values()]

    @cached_property
    def powers(self) -> list[float]:
        """Mean square of the values of each."""
        return [
            sum(self._tensors[i].weights * self._power(i) for i in pieces) / size
            for pieces, size in zip(self._pieces.values(), self.sizes, strict=True)
        ]

    def noise(self, noise: NDArray[np.float64]) -> dict[int, float]:
        """Return the relative noise power to allow each tensor, by number, from that of the wholes.

        Pieces have the same error, whatever their own power is.
        """
        found: dict[int, float] = {}
        for number, (pieces, own) in enumerate(zip(self._pieces.values(), noise.tolist(), strict=True)):
            if len(pieces) == 1:
                found[pieces[0]] = own
            else:
                found |= {i: own * self.powers[number] / self._power(i) for i in pieces}
        return found

    def _power(self, number: int) -> float:
        return float(np.mean(np.square(self._tensors[number].values())))

"""Quantizer bits of a trellis in many lanes at once.

All machines are linear over the bits, which spares looking states up. With q(t) the quantizer of token t,
p(t) its parity, and zeros before the start:

- four states: q(t+1) = q(t-1) ^ p(t)
- eight states: q(t+1) = q(t) ^ u(t+1), where u(t+2) = u(t) ^ p(t)
- 128 states: q(t) is the lowest bit of the state

Implements SPEC.md 9.7.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nntc.format.trellis import FROM_ODD, FROM_PARITY, Trellis

_ONE, _FROM_ODD, _FROM_PARITY = np.uint32(1), np.uint32(FROM_ODD), np.uint32(FROM_PARITY)


class Quantizers:
    """The machines of some lanes, all of one kind.

    Parameters
    ----------
    lanes
        Number of lanes.
    trellis
        Which of the machines.
    bit
        The bit at which parities stand, and quantizers.
    """

    def __init__(self, lanes: int, trellis: Trellis, bit: int) -> None:
        self.bits = np.zeros(lanes, np.uint32)
        """q of the token that comes next, standing where the parities given to `advance` stand."""
        self._trellis = trellis
        # u(t) and u(t+1), or q(t-1) and nothing, or the state, its lowest bit where parities are, and nothing
        self._now, self._later = np.zeros((2, lanes), np.uint32)
        self._bit = np.uint32(bit)

    def restart(self, lanes: slice) -> None:
        """Put lanes into the first state."""
        self.bits[lanes] = self._now[lanes] = self._later[lanes] = 0

    def advance(self, parities: NDArray[np.uint32]) -> None:
        """Go on by one token in every lane."""
        if self._trellis is Trellis.MANY_STATES:
            np.bitwise_xor(self._now, self.bits, out=self._now)
            np.right_shift(self._now, _ONE, out=self._now)
            np.multiply(self.bits, _FROM_ODD, out=self._later)
            np.bitwise_xor(self._now, self._later, out=self._now)
            np.multiply(parities, _FROM_PARITY, out=self._later)
            np.bitwise_xor(self._now, self._later, out=self._now)
            np.bitwise_and(self._now, self._bit, out=self.bits)
            return
        np.bitwise_xor(self._now, parities, out=self._now)
        if self._trellis == Trellis.FOUR_STATES:
            self._now, self.bits = self.bits, self._now
        else:
            self._now, self._later = self._later, self._now
            np.bitwise_xor(self.bits, self._now, out=self.bits)

"""A decoder with little memory that a file is for, and what the parts of the file may take of it.

Implements SPEC.md 11.2 and 13 for encoders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nntc.encoder.entropy.contexts import Classes
from nntc.encoder.entropy.rans import LANE_MEMORY
from nntc.format.frames import DEVICE_WINDOW, MAX_WINDOW
from nntc.format.memory import rans_memory
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.registry import Coder, Profile
from nntc.format.view import MAX_RAGGED_OUTPUT

MAX_PIECE = 1 << 24
"""Bytes that a section decodes to at most: bounds memory, here and in decoders that keep sections whole."""
MAX_TOGETHER = MAX_RAGGED_OUTPUT // 2
"""Bytes of all small tensors coded exactly together, and of all others: the format limits their sum."""
_TABLE = rans_memory(1, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class Device:
    """Working memory of a decoder, in eighths: three for tables, two for small tensors, one for lanes.

    Parameters
    ----------
    memory
        Bytes; None for any that the format allows, and any coder of profile Main.
    """

    memory: int | None = None

    def has(self, coder: Coder) -> bool:
        """Return whether it has a coder."""
        return coder.profile <= (Profile.MAIN if self.memory is None else Profile.DEVICE)

    @property
    def together(self) -> int:
        """Bytes of small tensors that may be coded together, twice: exactly, and not."""
        return MAX_TOGETHER if self.memory is None else self.memory // 8

    def section(self, width: int) -> int:
        """Return the most bytes that a section of elements of `width` bytes may decode to."""
        # Lanes have 8,192 tokens: so few elements need few of them.
        return MAX_PIECE if self.memory is None else min(MAX_PIECE, 6 * self.memory * width)

    @property
    def columns(self) -> int:
        """Most columns of a view: each may have a step code, which is kept."""
        return MAX_PIECE if self.memory is None else self.memory // 4

    @property
    def moved(self) -> int:
        """Bytes of a payload that may be coded in another order than its own, for which it must be kept."""
        return MAX_PIECE if self.memory is None else self.memory // 8

    @property
    def window(self) -> int:
        """Bytes of the largest window of the graph's zstd frame."""
        return MAX_WINDOW if self.memory is None else DEVICE_WINDOW

    @property
    def lanes(self) -> int:
        """Bytes for the lanes of a run of rANS."""
        return LANE_MEMORY if self.memory is None else min(LANE_MEMORY, self.memory // 8)

    def contexts(self, tables: int) -> int:
        """Return how many contexts there may be that have so many tables each."""
        if self.memory is None:
            return MAX_CONTEXTS
        return min(MAX_CONTEXTS, 3 * self.memory // 8 // (tables * _TABLE))

    def codebook(self, entries: int, width: int) -> bool:
        """Return whether it has room for a codebook."""
        return self.memory is None or entries * width <= self.memory // 8

    def within(self, classes: Classes, tables: int) -> Classes:
        """Return classes of so few contexts, and in such short lists, that there is room for them."""
        if self.memory is None:
            return classes
        few = replace(classes, count=min(classes.count, self.contexts(tables)))
        lists = [few.rows, few.channels, few.positions]
        size = sum(one.size for one in lists if one.any())
        if size <= self.memory // 8:
            return few
        return replace(few, channels=few.channels * 0, positions=few.positions * 0)


ANY_DEVICE = Device()
"""With all the memory that the format allows."""

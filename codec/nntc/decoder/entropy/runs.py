"""Runs of tokens: what a coder's parser is given, and what it returns.

Implements SPEC.md 8.2 and 9.4 (R-014).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.streams import DependentTokens
from nntc.format.memory import MAX_WORKING_MEMORY
from nntc.format.registry import Coder, Profile
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis
from nntc.format.view import View

Tokens = NDArray[np.uint8] | DependentTokens


@dataclass(frozen=True, slots=True)
class ParseContext:
    """What a record's parser needs to know from outside the record."""

    profile: Profile
    shared: Sequence[FrequencyTable]
    working_memory: int = MAX_WORKING_MEMORY
    """Bytes that the header allows a record to need [R-110]."""
    base_sizes: tuple[int, ...] = ()
    """Bytes of each base file of an update."""


@dataclass(frozen=True, slots=True, eq=False)
class RunRequest:
    """What the record says of a run before the run's own fields.

    Parameters
    ----------
    count
        Number of tokens, at least one.
    context
        Profile and shared tables.
    view
        The tensor's view where the run codes all its elements, so that contexts may be used.
    trellis, segment
        Trellis code and segment length, for rANS.
    """

    count: int
    context: ParseContext
    view: View | None = None
    trellis: Trellis = Trellis.NONE
    segment: int = 1


class ByteRun(Protocol):
    """Parsed tokens under a coder that decodes one run at a time."""

    @property
    def coder(self) -> Coder:
        """The coder."""

    @property
    def memory(self) -> int:
        """Bytes of working memory that it needs (SPEC.md 11.2)."""

    def decode(self) -> NDArray[np.uint8]:
        """Return the tokens, uint8; raise FormatError at the run's offset if they are at fault."""


def plain(tokens: Tokens) -> NDArray[np.uint8]:
    """Return tokens that were decoded without trellis."""
    if isinstance(tokens, DependentTokens):
        raise TypeError("tokens under a trellis")
    return tokens

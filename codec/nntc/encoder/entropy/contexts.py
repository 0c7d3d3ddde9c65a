"""rANS runs with their tables and the class lists that contexts are made of (SPEC.md, "rANS")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.block import write_symbol_block
from nntc.encoder.entropy.fragments import Fragment, count_tokens
from nntc.encoder.entropy.rans import EncoderStream, choose_lanes
from nntc.encoder.entropy.tables import make_table
from nntc.format.rans import CLASS_PRESENT, RANS_HEAD, SHARED_BASE, RansHead, RansMode
from nntc.format.tables import FrequencyTable, write_tables
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Separable context classes of a view, each uint8; see `nntc.decoder.entropy.contexts.Contexts`."""

    count: int
    rows: NDArray[np.uint8]
    channels: NDArray[np.uint8]
    positions: NDArray[np.uint8]

    def contexts(self, view: View) -> NDArray[np.uint8]:
        """Return the context of every element in coded order, uint8 [elements]."""
        if view.lengths:
            sums = np.repeat(self.rows, view.lengths)
        else:
            columns = (self.channels[:, None] + self.positions[None, :]).ravel()
            sums = (self.rows[:, None] + columns[None, :]).ravel()
        return np.minimum(sums, np.uint8(self.count - 1))

    def write(self, view: View) -> bytes:
        """Serialize as the class lists of a rANS run."""
        lists = [self.rows] if view.lengths else [self.rows, self.channels, self.positions]
        return b"".join(
            CLASS_PRESENT.put(1) + write_symbol_block(c) if c.any() else CLASS_PRESENT.put(0) for c in lists
        )


@dataclass(frozen=True, slots=True, eq=False)
class SharedTables:
    """Tables of the model's TABLES section, and the first that a stream uses."""

    tables: Sequence[FrequencyTable]
    base: int


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is known of a run's tokens before they are coded; only rANS makes use of it.

    Parameters
    ----------
    view, classes
        Separable contexts.
    shared
        Shared tables; None makes tables of the run's own.
    quantizers, segment
        Under a trellis, the quantizer bit of each token's state, and the segment length.
    """

    view: View | None = None
    classes: Classes | None = None
    shared: SharedTables | None = None
    quantizers: NDArray[np.uint8] | None = None
    segment: int = 1

    def tables(self) -> tuple[NDArray[np.uint16] | None, int]:
        """Return the number of each token's table, None where there is one, and how many there are."""
        numbers, count = None, 1
        if self.classes is not None and self.view is not None:
            numbers, count = self.classes.contexts(self.view).astype(np.uint16), self.classes.count
        if self.quantizers is not None:
            own = self.quantizers.astype(np.uint16)
            numbers, count = (own if numbers is None else numbers * np.uint16(2) + own), 2 * count
        return numbers, count


def write_rans(tokens: NDArray[np.uint8], model: Model) -> list[Fragment]:
    """Return the head of an rANS run, and the stream that is still to be encoded."""
    numbers, count = model.tables()
    classes, shared = model.classes, model.shared
    mode = RansMode.CONTEXTS if classes is not None else RansMode(0)
    if shared is not None:
        mode |= RansMode.SHARED_TABLES
    head = RANS_HEAD.write(RansHead(mode, None if classes is None else classes.count))
    if classes is not None and model.view is not None:
        head += classes.write(model.view)
    if shared is not None:
        head += SHARED_BASE.put(shared.base)
        tables = shared.tables
        if shared.base:
            base = np.uint16(shared.base)
            numbers = np.full(tokens.size, base, np.uint16) if numbers is None else numbers + base
    else:
        made = _own_tables(tokens, numbers, count)
        head += write_tables(made)
        tables = [table for table, _ in made]
    segment = model.segment
    return [head, EncoderStream(tokens, numbers, tables, segment, choose_lanes(tokens.size, segment))]


def _own_tables(
    tokens: NDArray[np.uint8], numbers: NDArray[np.uint16] | None, count: int
) -> list[tuple[FrequencyTable, int]]:
    counts = count_tokens(tokens, numbers, count)
    unused = FrequencyTable(0, np.array([1 << 12])), 0
    return [make_table(row) if row.any() else unused for row in counts]

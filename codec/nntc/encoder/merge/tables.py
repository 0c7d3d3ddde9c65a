"""Shared tables of several files in one TABLES section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nntc.encoder.container import NewSection
from nntc.encoder.merge.layers import Layer, Tables
from nntc.encoder.merge.recipe import Unmergeable
from nntc.format.registry import SectionType
from nntc.format.tables import (
    MAX_BIT_LENGTH,
    MAX_TABLES,
    TABLE_COUNT,
    FrequencyTable,
    bit_lengths,
    peak_of,
    write_tables,
)


class United:
    """The shared tables that some layers use.

    Tables of a file keep their order, and those that are used together stand together: a reference needs
    another number alone.

    Parameters
    ----------
    layers
        The layers.

    Raises
    ------
    Unmergeable
        They use too many.
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        used: dict[int, tuple[Tables, set[int]]] = {}
        for layer in layers:
            for run in layer.shared:
                own = used.setdefault(id(layer.context.shared), (layer.context.shared, set()))
                own[1].update(range(run.base, run.base + run.used))
        self.tables: list[FrequencyTable] = []
        self._numbers: dict[tuple[int, int], int] = {}
        for key, (tables, numbers) in used.items():
            for number in sorted(numbers):
                self._numbers[key, number] = len(self.tables)
                self.tables.append(tables[number])
        if len(self.tables) > MAX_TABLES:
            raise Unmergeable(f"{len(self.tables):,} shared tables, and there can be {MAX_TABLES:,}")

    def number(self, tables: Tables, old: int) -> int:
        """Return the number here of a table that has another one in its file."""
        return self._numbers[id(tables), old]

    @property
    def section(self) -> NewSection | None:
        """The section; None without tables."""
        if not self.tables:
            return None
        body = TABLE_COUNT.put(len(self.tables)) + write_tables(with_precision(self.tables))
        return NewSection(SectionType.TABLES, body, 0)


def with_precision(tables: Sequence[FrequencyTable]) -> list[tuple[FrequencyTable, int]]:
    """Return tables, each with the least precision that holds it."""
    return [(table, _precision(table)) for table in tables]


def _precision(table: FrequencyTable) -> int:
    return next(precision for precision in range(MAX_BIT_LENGTH) if _is_exact(table, precision))


def _is_exact(table: FrequencyTable, precision: int) -> bool:
    """Return whether all frequencies but that of the peak can be written."""
    others = np.delete(table.frequencies, peak_of(table.frequencies, precision))
    lengths = bit_lengths(others)
    grain = np.maximum(lengths - 1 - precision, 0)
    return bool(np.all((others >> grain << grain == others) & (lengths <= MAX_BIT_LENGTH)))

"""Tables of several files in one section, each as it was."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from nntc.decoder.entropy.runs import ParseContext
from nntc.encoder.merge.layers import Layer, SharedRun
from nntc.encoder.merge.recipe import Unmergeable
from nntc.encoder.merge.tables import United, with_precision
from nntc.encoder.store import Store
from nntc.format.fields import SectionStream
from nntc.format.registry import ElementType, Profile, ViewKind
from nntc.format.tables import FrequencyTable, read_tables, write_tables
from nntc.format.view import View

from conformance.generator.tables import write_tables as generated
from conformance.proof.samples.symbols import random_table


def tables(count: int, seed: int = 0) -> list[FrequencyTable]:
    """Return tables of any precision."""
    rng = Random(seed)
    made = [random_table(rng, rng.sample(range(256), rng.randint(1, 60))) for _ in range(count)]
    return read_tables(SectionStream(generated(made), 0), count)


def layer(own: list[FrequencyTable], *runs: tuple[int, int]) -> Layer:
    shared = tuple(SharedRun(number, number + 1, *run) for number, run in enumerate(runs))
    view = View(ViewKind.MATRIX, 1)
    context = ParseContext(Profile.FULL, own)
    return Layer(Store().put(bytes(len(runs))), context, ElementType.FLOAT32, view, shared, None, None)


def test_tables_are_written_as_they_were() -> None:
    own = tables(60)
    again = read_tables(SectionStream(write_tables(with_precision(own)), 0), len(own))
    for table, found in zip(own, again, strict=True):
        assert found.first == table.first
        assert np.array_equal(found.frequencies, table.frequencies)


def test_what_is_used_together_stays_together() -> None:
    one, other = tables(9), tables(4, 1)
    united = United([layer(one, (2, 3), (4, 2)), layer(other, (0, 2)), layer(one, (8, 1))])
    assert united.tables == [*one[2:6], one[8], *other[:2]]
    assert [united.number(one, old) for old in (2, 4, 8)] == [0, 2, 4]
    assert united.number(other, 0) == 5
    assert layer(one, (4, 2)).write(united.number) == bytes([2])
    assert united.section is not None
    assert United([layer(one)]).section is None


def test_there_can_be_too_many() -> None:
    with pytest.raises(Unmergeable, match="1,030 shared tables"):
        United([layer(tables(1), (0, 1))] + [layer(tables(3, n), (0, 3)) for n in range(343)])

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.entropy.tables import costs, make_table, table_bits
from nntc.format.fields import SectionStream
from nntc.format.rans import FREQUENCY_TOTAL
from nntc.format.tables import read_tables, write_tables

from tests import strategies

COUNTS = st.dictionaries(
    st.integers(0, 255), st.one_of(st.integers(1, 5), st.integers(1, 10**9)), min_size=1, max_size=256
).map(lambda found: np.array([found.get(t, 0) for t in range(256)]))


@given(st.lists(COUNTS, min_size=1, max_size=4))
def test_tables_come_back_and_code_all_that_occurs(
    many: list[np.ndarray[tuple[int], np.dtype[np.int64]]],
) -> None:
    made = [make_table(counts) for counts in many]
    data = write_tables(made)
    stream = SectionStream(data, 0)
    for counts, (table, _), found in zip(many, made, read_tables(stream, len(made)), strict=True):
        assert found.first == table.first
        assert found.frequencies.tolist() == table.frequencies.tolist()
        assert found.frequencies.sum() == FREQUENCY_TOTAL
        assert np.isfinite(costs(found)[counts > 0]).all()
        assert not np.isfinite(costs(found)[counts == 0]).any()
    stream.finish("tables")
    assert 8 * len(data) - sum(table_bits(t.frequencies, p) for t, p in made) < 8


@given(strategies.chance())
def test_a_table_costs_about_the_entropy(rng: Random) -> None:
    scale = rng.uniform(1, 30)
    tokens = [min(255, max(0, round(rng.gauss(128, scale)))) for _ in range(20_000)]
    counts = np.bincount(tokens, minlength=256)
    table, _ = make_table(counts)
    used = counts > 0
    share = counts[used] / counts.sum()
    entropy = -float(share @ np.log2(share))
    assert float(share @ costs(table)[used]) < entropy * 1.03 + 0.01


def test_as_many_tokens_as_there_are_with_one_far_ahead() -> None:
    counts = np.ones(256, np.int64)
    counts[7] = 10**12
    table, precision = make_table(counts)
    assert table.frequencies.min() == 1
    assert table.frequencies[7] == FREQUENCY_TOTAL - 255
    found = read_tables(SectionStream(write_tables([(table, precision)]), 0), 1)[0]
    assert found.frequencies.tolist() == table.frequencies.tolist()

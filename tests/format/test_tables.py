"""Frequency tables come back, and bad ones are found."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.tables import read_tables
from nntc.kernels.numpy.decoding_tables import decoding_tables

from conformance.proof import samples
from conformance.reference_decoder import NntcError
from conformance.reference_decoder import tables as reference
from conformance.reference_decoder.bits import Reader
from tests import strategies


@given(st.lists(st.integers(0, 255), max_size=60), strategies.chance())
def test_frequency_tables_come_back(needed: list[int], rng: Random) -> None:
    tables = [samples.random_table(rng, needed) for _ in range(rng.randint(1, 3))]
    found = read_tables(SectionStream(samples.write_tables(tables), 0), len(tables))
    assert [(t.first, t.frequencies.tolist()) for t in found] == [
        (t.first, list(t.frequencies)) for t in tables
    ]
    decoding = decoding_tables(found)
    assert decoding.firsts[-1] == decoding.entries.size == decoding.tokens.size
    for number, table in enumerate(found):
        own = decoding.slots[4096 * number : 4096 * (number + 1)]
        assert own.min() >= decoding.firsts[number]
        assert own.max() < decoding.firsts[number + 1]
        of_token, start, tokens = reference.Table(table.first, table.frequencies.tolist()).decoding
        assert decoding.tokens[own].tolist() == list(tokens)
        wanted = [of_token[v] << 16 | (v & 1) << 12 | start[v] for v in tokens]
        assert decoding.entries[own].tolist() == wanted


@pytest.mark.parametrize(
    "fields",
    [
        [(255, 8), (1, 8), (0, 8), (0, 4), (0, 8)],
        [(0, 8), (1, 8), (2, 8), (0, 4), (0, 8)],
        [(0, 8), (0, 8), (0, 8), (12, 4)],
        [(0, 8), (1, 8), (0, 8), (0, 4), ((1 << 27) - 1, 27), (0, 8)],  # 27 ones
        [(0, 8), (1, 8), (0, 8), (0, 4), (1, 2)],  # length below 0
        [(0, 8), (1, 8), (0, 8), (0, 4), ((1 << 26) - 1, 27)],  # length above 12
        [(0, 8), (1, 8), (0, 8), (0, 4), (0, 1)],  # last frequency 0
        [(0, 8), (1, 8), (1, 8), (0, 4), (0, 1)],  # first frequency 0
        [(0, 8), (2, 8), (0, 8), (0, 4), ((1 << 24) - 1, 25), (0, 1)],  # nothing left for the peak
    ],
)
def test_bad_frequency_tables(fields: list[tuple[int, int]]) -> None:
    data = samples.bit_run(fields) + bytes(4)
    with pytest.raises(FormatError) as caught:
        read_tables(SectionStream(data, 9), 1)
    assert (caught.value.id, caught.value.offset) == ("E_TABLE", 9)
    with pytest.raises(NntcError, match="E_TABLE"):
        reference.read_tables(Reader(data, 9), 1)

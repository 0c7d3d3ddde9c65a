"""Integer blocks that the encoder writes, read by both decoders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.integers import IntegerReader, TokenTable, read_integer_block
from nntc.decoder.entropy.runs import ParseContext, plain
from nntc.decoder.entropy.symbols import decode_runs
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.entropy.integers import integer_block, sparse_rows, tokenize, write_integers
from nntc.encoder.entropy.symbols import symbol_data
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.view import View

from conformance.proof import samples
from conformance.reference_decoder import integers as reference_integers
from conformance.reference_decoder.bits import Reader
from tests.encoder.entropy.decoding import setting
from tests.strategies import view_of

ROW = View(view_of(samples.View(0, 1, 1, 1)).kind, 1, 1, 1)


INTEGERS = st.one_of(
    st.lists(st.integers(-300, 300), min_size=1, max_size=200),
    st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=60),
    st.lists(st.sampled_from((0, 1, -1, 5, 2**31 - 1, -(2**31) + 1)), min_size=1, max_size=60),
)


def read_integers(data: bytes, count: int, step: int) -> list[int]:
    view = View(ROW.kind, 1, count, 1)
    stream = SectionStream(data, 0)
    block = read_integer_block(stream, count, ParseContext(Profile.FULL, []), view)
    stream.finish("integer block")
    tokens = []
    for result in decode_runs(block.runs):
        assert not isinstance(result, FormatError)
        tokens.append(plain(result))
    reader = IntegerReader(block, TokenTable.of(tokens[-1]), tokens[0])
    found: list[int] = []
    while len(found) < count:
        found += reader.take(min(step, count - len(found))).tolist()
    return found


@given(INTEGERS, st.sampled_from(Coder), st.integers(1, 100))
def test_integers_come_back(values: list[int], coder: Coder, step: int) -> None:
    split = tokenize(np.array(values, np.int64))
    data = assemble([integer_block(split, coder, symbol_data(split.tokens, coder))])[0]
    assert read_integers(data, len(values), step) == values
    own = setting(len(values))
    block = reference_integers.read_integer_block(Reader(data, 0), len(values), own, None)
    assert list(block.integers(block.decode_tokens())) == values


@given(INTEGERS, st.data())
def test_sparse_integers_come_back(values: list[int], data: st.DataObject) -> None:
    background = 77
    gaps = data.draw(st.lists(st.integers(0, 255), min_size=len(values), max_size=len(values)))
    rest = data.draw(st.integers(0, 300))
    expected: list[int] = []
    for gap, value in zip(gaps, values, strict=True):
        expected += [background] * gap + [value]
    expected += [background] * rest
    split = tokenize(np.array(values, np.int64))
    sparse = background, np.array(gaps, np.uint8), Coder.PACKED
    block = assemble([integer_block(split, Coder.RANS, symbol_data(split.tokens, Coder.RANS), sparse)])[0]
    assert read_integers(block, len(expected), data.draw(st.integers(1, 500))) == expected


@given(
    st.lists(st.tuples(st.integers(0, 700), st.integers(-400, 400)), max_size=60),
    st.integers(0, 700),
    st.sampled_from(Coder),
    st.sampled_from([0, -3, 5000]),
)
def test_sparse_rows_come_back(runs: list[tuple[int, int]], rest: int, coder: Coder, background: int) -> None:
    values = [v for gap, value in runs for v in [background] * gap + [value]] + [background] * (rest + 1)
    view = View(ROW.kind, 1, len(values), 1)
    block = write_integers(np.array(values, np.int64), coder, view, background=background)
    assert read_integers(assemble([block])[0], len(values), 100) == values


@given(st.lists(st.integers(0, 700), min_size=1, max_size=60), st.integers(1, 8))
def test_gaps_that_are_too_long_take_fillers(zeros: list[int], gap_bits: int) -> None:
    values = np.array([v for run in zeros for v in [0] * run + [9]], np.int64)
    gaps, coded = sparse_rows(values, 0, gap_bits)
    assert gaps.size == coded.size == sum(1 + run // 2**gap_bits for run in zeros)
    assert gaps.max() < 2**gap_bits
    again = np.zeros(values.size, np.int64)
    again[np.cumsum(gaps.astype(np.int64) + 1) - 1] = coded
    assert again.tolist() == values.tolist()


@pytest.mark.parametrize("spread", [257, 300, 1000])
@pytest.mark.parametrize("common", [0, -1])
def test_a_spread_beyond_a_token_keeps_a_common_value_cheap(spread: int, common: int) -> None:
    rng = np.random.default_rng(spread)
    values = rng.integers(0, spread, 20_000)
    background = int(values.min() if common == 0 else values.max())
    values[rng.random(20_000) < 0.9] = background
    counts = np.unique(values, return_counts=True)[1]
    entropy = -float(counts @ np.log2(counts / values.size)) / 8
    view = View(ROW.kind, 1, values.size, 1)
    block = write_integers(values, Coder.RANS, view, background=background)
    assert len(assemble([block])[0]) < 1.05 * entropy + 400
    if spread < 500:
        dense = write_integers(values, Coder.RANS, view)
        assert len(assemble([dense])[0]) < 1.15 * entropy + 400

"""What the encoder writes, read by the decoder and by the second decoder."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from nntc.decoder.entropy.integers import IntegerReader, TokenTable, read_integer_block
from nntc.decoder.entropy.symbols import ParseContext, decode_runs, plain, read_symbol_data
from nntc.encoder.entropy.huffman import code_lengths
from nntc.encoder.entropy.integers import integer_block, sparse_rows, tokenize, write_integers
from nntc.encoder.entropy.rans import EncoderStream, choose_lanes, encode_streams
from nntc.encoder.entropy.symbols import (
    Classes,
    SharedTables,
    assemble,
    expected_size,
    symbol_data,
    write_symbol_block,
)
from nntc.encoder.entropy.tables import make_table
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.rans import MAX_LANES, MAX_STEPS
from nntc.format.registry import Coder, Profile
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis
from nntc.format.view import View
from numpy.typing import NDArray

from conformance.proof import samples
from conformance.reference_decoder import integers as reference_integers
from conformance.reference_decoder import symbols as reference_symbols
from conformance.reference_decoder.bits import Reader
from conformance.reference_decoder.coding import Setting
from conformance.reference_decoder.views import MatrixView
from tests import strategies
from tests.strategies import view_of

ROW = View(view_of(samples.View(0, 1, 1, 1)).kind, 1, 1, 1)


def decoded(
    data: bytes,
    coder: Coder,
    count: int,
    view: View | None = None,
    shared: list[FrequencyTable] | None = None,
    trellis: Trellis = Trellis.NONE,
    segment: int = 1,
) -> list[int]:
    stream = SectionStream(data, 0)
    around = ParseContext(Profile.MAIN, shared or [])
    run = read_symbol_data(stream, coder, count, around, view=view, trellis=trellis, segment=segment)
    stream.finish("symbol data")
    result = decode_runs([run])[0]
    assert not isinstance(result, FormatError)
    token_table = TokenTable.of(result)
    found: list[int] = token_table.tokens[token_table.indices].tolist()
    return found


def setting(count: int) -> Setting:
    """What the reference decoder needs to know of a tensor of one row."""
    return Setting(0, [], MatrixView(1, count, 1, transposed=False))


@given(strategies.tokens(), st.sampled_from(Coder))
def test_tokens_come_back(tokens: list[int], coder: Coder) -> None:
    data = assemble([symbol_data(np.array(tokens, np.uint8), coder)])[0]
    assert decoded(data, coder, len(tokens)) == tokens
    own = setting(len(tokens))
    read = reference_symbols.read_symbol_data(Reader(data, 0), coder, len(tokens), own, of_view=False)
    assert list(read.decode().values) == tokens


@given(strategies.tokens())
def test_short_runs_choose_a_coder(tokens: list[int]) -> None:
    data = write_symbol_block(np.array(tokens, np.uint8))
    reader = Reader(data, 0)
    own = setting(len(tokens))
    read = reference_symbols.read_symbol_block(reader, len(tokens), own, of_view=False)
    assert list(read.decode().values) == tokens
    reader.finish()


@given(strategies.views(150), strategies.chance(), st.sampled_from((0, 1, 2)), st.booleans())
def test_contexts_trellises_and_shared_tables(
    view: samples.View, rng: Random, trellis: int, sharing: bool
) -> None:
    own = view_of(view)
    tokens = np.array([rng.choice((0, 1, 2, 200)) for _ in range(own.size)], np.uint8)
    segment = rng.choice((1, 8, 64)) if trellis else 1
    sizes = [view.rows, 1 if view.kind == 2 else view.channels, 1 if view.kind == 2 else view.period]
    classes = Classes(4, *(np.array([rng.randrange(3) for _ in range(n)], np.uint8) for n in sizes))
    quantizers = (
        np.array(samples.quantizers_of(tokens.tolist(), trellis, segment), np.uint8) if trellis else None
    )
    base = rng.randrange(3)
    tables = [make_table(np.bincount(tokens, minlength=256))[0]] * (base + 8)
    data = assemble(
        [
            symbol_data(
                tokens,
                Coder.RANS,
                own,
                classes=classes,
                shared=SharedTables(tables, base) if sharing else None,
                quantizers=quantizers,
                segment=segment,
            )
        ]
    )[0]
    shared = tables if sharing else None
    assert decoded(data, Coder.RANS, own.size, own, shared, Trellis(trellis), segment) == tokens.tolist()


@given(strategies.chance())
def test_how_streams_are_encoded_together_never_shows(rng: Random) -> None:
    streams = []
    for _ in range(rng.randint(1, 9)):
        tokens = np.array([rng.choice((0, 9, 100)) for _ in range(rng.choice((1, 30, 400)))], np.uint8)
        segment = rng.choice((1, 5))
        table = make_table(np.bincount(tokens, minlength=256))[0]
        lanes = rng.randint(1, -(-tokens.size // segment))
        streams.append(EncoderStream(tokens, None, [table], segment, lanes))
    together = encode_streams(streams)
    for stream, found in zip(streams, together, strict=True):
        alone = encode_streams([stream])[0]
        assert found.states.tolist() == alone.states.tolist()
        assert found.words.tolist() == alone.words.tolist()


@given(st.integers(1, 2**29), st.integers(1, MAX_STEPS))
@example(2**29, 1)
@example(1, MAX_STEPS)
def test_lane_counts_are_what_the_format_allows(count: int, segment: int) -> None:
    segments = -(-count // segment)
    if segments <= MAX_LANES * (MAX_STEPS // segment):
        lanes = choose_lanes(count, segment)
        assert 1 <= lanes <= min(segments, MAX_LANES)
        assert segment * -(-segments // lanes) <= MAX_STEPS


INTEGERS = st.one_of(
    st.lists(st.integers(-300, 300), min_size=1, max_size=200),
    st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1, max_size=60),
    st.lists(st.sampled_from((0, 1, -1, 5, 2**31 - 1, -(2**31) + 1)), min_size=1, max_size=60),
)


def read_integers(data: bytes, count: int, step: int) -> list[int]:
    view = View(ROW.kind, 1, count, 1)
    stream = SectionStream(data, 0)
    block = read_integer_block(stream, view, ParseContext(Profile.MAIN, []))
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
def test_sparse_rows_come_back(
    runs: list[tuple[int, int]], rest: int, coder: Coder, background: int
) -> None:
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


@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN])
@pytest.mark.parametrize("count", [10, 3000, 50_000])
def test_sizes_are_known_before_streams_are_encoded(coder: Coder, count: int) -> None:
    tokens = np.random.default_rng(count).geometric(0.4, count).clip(0, 30).astype(np.uint8)
    fragments = symbol_data(tokens, coder)
    assert expected_size(fragments) == pytest.approx(len(assemble([fragments])[0]), rel=0.003, abs=8)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=256))
def test_huffman_lengths_are_complete_and_short(counts: list[int]) -> None:
    padded: NDArray[np.int64] = np.array(counts + [0] * (256 - len(counts)))
    lengths = code_lengths(padded)
    assert lengths[: len(counts)].min() >= 1
    assert not lengths[len(counts) :].any()
    assert lengths.max() <= 15
    if len(counts) > 1:
        assert sum(2 ** (15 - int(n)) for n in lengths[: len(counts)]) == 1 << 15
    total = sum(counts)
    entropy = -sum(c * np.log2(c / total) for c in counts)
    assert (
        entropy - 1e-6 * total
        <= float(lengths[: len(counts)] @ np.array(counts))
        <= entropy + total + 1e-6 * total
    )


@pytest.mark.parametrize("count", [2, 3, 200, 256])
def test_huffman_lengths_have_a_limit(count: int) -> None:
    # Fibonacci counts would make codes as long as there are tokens.
    counts = [1, 1]
    while len(counts) < count:
        counts.append(counts[-1] + counts[-2])
    padded = np.array([min(c, 2**50) for c in counts] + [0] * (256 - count))
    lengths = code_lengths(padded)
    assert lengths[:count].max() <= 15
    assert sum(2 ** (15 - int(n)) for n in lengths[:count]) == 1 << 15

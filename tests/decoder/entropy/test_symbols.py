"""Symbol data of every coder, written by `samples`, read by the decoder."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.rans import DependentTokens, decode_streams
from nntc.decoder.entropy.symbols import (
    ParseContext,
    RansRun,
    TokenRun,
    Tokens,
    decode_runs,
    read_symbol_data,
)
from nntc.decoder.entropy.tables import decoding_tables
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.tables import FrequencyTable, read_tables
from nntc.format.trellis import Trellis

from conformance.proof import samples
from conformance.reference_decoder import NntcError
from conformance.reference_decoder import tables as reference
from conformance.reference_decoder.bits import Reader
from tests import strategies
from tests.strategies import view_of


def tables_of(tables: list[samples.Table]) -> list[FrequencyTable]:
    return [FrequencyTable(t.first, np.array(t.frequencies)) for t in tables]


def read(data: bytes, coder: int, count: int, shared: list[samples.Table] | None = None) -> TokenRun:
    stream = SectionStream(data, 0)
    run = read_symbol_data(stream, Coder(coder), count, ParseContext(Profile.MAIN, tables_of(shared or [])))
    stream.finish("run")
    return run


def codes(tokens: Tokens) -> list[int]:
    """Return tokens; under a trellis, tokens times two plus quantizer bits."""
    if not isinstance(tokens, DependentTokens):
        return [int(token) for token in tokens]
    token_table = (2 * tokens.tokens.astype(int) + tokens.quantizers).tolist()
    return [token_table[index] for index in tokens.indices().tolist()]


def decode_run(run: TokenRun) -> list[int]:
    result = decode_runs([run])[0]
    if isinstance(result, FormatError):
        raise result
    return codes(result)


def raised(data: bytes, coder: int, count: int) -> tuple[str, int | None]:
    with pytest.raises(FormatError) as caught:
        decode_run(read(data, coder, count))
    return caught.value.id, caught.value.offset


@given(strategies.tokens(), st.sampled_from(samples.CODERS), strategies.chance())
def test_tokens_come_back_under_every_coder(tokens: list[int], coder: int, rng: Random) -> None:
    data = samples.symbol_data(samples.Around(rng), tokens, coder)
    assert decode_run(read(data, coder, len(tokens))) == tokens


@given(strategies.tokens(), strategies.chance())
def test_shared_tables(tokens: list[int], rng: Random) -> None:
    shared = [samples.random_table(rng, range(256)) for _ in range(3)]
    for base in range(3):
        coded = samples.rans_lanes(tokens, shared[base:], [0] * len(tokens), 1, 1)
        data = bytes([2]) + samples.varint(base) + coded
        assert decode_run(read(data, Coder.RANS, len(tokens), shared)) == tokens


@given(strategies.views(80), strategies.chance(), st.sampled_from((0, 1, 2)), st.integers(1, 40))
def test_contexts_and_trellises(view: samples.View, rng: Random, trellis: int, segment: int) -> None:
    tokens = [rng.choice((0, 1, 7, 255)) for _ in range(view.size)]
    segment = segment if trellis else 1
    data = samples.rans_data(samples.Around(rng), tokens, view, trellis, segment)
    stream = SectionStream(data, 0)
    run = read_symbol_data(
        stream,
        Coder.RANS,
        view.size,
        ParseContext(Profile.MAIN, []),
        view=view_of(view),
        trellis=Trellis(trellis),
        segment=segment,
    )
    found = decode_run(run)
    if trellis:
        quantizers = samples.quantizers_of(tokens, trellis, segment)
        assert found == [2 * t + q for t, q in zip(tokens, quantizers, strict=True)]
    else:
        assert found == tokens


@given(strategies.chance())
def test_how_streams_are_grouped_never_shows(rng: Random) -> None:
    runs: list[TokenRun] = []
    expected = []
    for _ in range(rng.randint(2, 12)):
        tokens = [rng.choice((3, 4, 200)) for _ in range(rng.choice((1, 5, 60, 700)))]
        trellis = rng.choice((0, 0, 1, 2))
        segment = rng.choice((1, 6, 50)) if trellis else 1
        data = samples.rans_data(samples.Around(rng), tokens, None, trellis, segment)
        damaged = rng.random() < 0.2
        if damaged:
            data = data[:-1] + bytes([data[-1] ^ 0x80])
        stream = SectionStream(data, len(runs))
        around = ParseContext(Profile.MAIN, [])
        kind = Trellis(trellis)
        run = read_symbol_data(stream, Coder.RANS, len(tokens), around, trellis=kind, segment=segment)
        runs.append(run)
        quantizers = samples.quantizers_of(tokens, trellis, segment) if trellis else tokens
        coded = [2 * t + q for t, q in zip(tokens, quantizers, strict=True)] if trellis else tokens
        expected.append(None if damaged else coded)
    for order in (list(range(len(runs))), rng.sample(range(len(runs)), len(runs))):
        results = decode_runs([runs[i] for i in order])
        alone = [decode_runs([runs[i]])[0] for i in order]
        for i, together, single in zip(order, results, alone, strict=True):
            if isinstance(together, FormatError):
                assert isinstance(single, FormatError)
                assert expected[i] is None
                assert (together.id, together.offset) == (single.id, single.offset) == ("E_ENTROPY", i)
            else:
                assert not isinstance(single, FormatError)
                # A damaged stream may still end as it must.
                assert codes(together) == codes(single) == (expected[i] or codes(single))


def test_no_streams_at_all() -> None:
    assert decode_streams([]) == []
    assert decode_runs([]) == []


@pytest.mark.parametrize("lanes", [1, 2, 5, 99, 100, 101, 300])
@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN])
def test_any_number_of_lanes(lanes: int, coder: Coder, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(lanes)
    monkeypatch.setattr(samples, "lanes_for", lambda *_: lanes)
    for count in (lanes, lanes + 1, 3 * lanes - 1, 1000):
        tokens = [min(255, int(rng.expovariate(0.1))) for _ in range(count)]
        data = samples.symbol_data(samples.Around(rng), tokens, coder)
        if count >= lanes:
            assert decode_run(read(data, coder, count)) == tokens


@pytest.mark.parametrize("lanes", [1, 99, 100, 250])
@pytest.mark.parametrize(
    ("where", "tail"),
    [("no code", b"\x80"), ("padding", b"\x01"), ("short", b""), ("long", b"\x00\x00"), ("sound", b"\x00")],
)
def test_every_huffman_lane_ends_as_it_must(lanes: int, where: str, tail: bytes) -> None:
    for lane in (0, lanes - 1):
        sizes = [len(tail) if k == lane else 1 for k in range(lanes)]
        parts = [tail if k == lane else b"\x00" for k in range(lanes)]
        head = b"\x05\x00\x01" + samples.varint(lanes) + b"".join(map(samples.varint, sizes))
        data = head + b"".join(parts)
        if where == "sound":
            assert decode_run(read(data, Coder.HUFFMAN, lanes)) == [5] * lanes
        else:
            assert raised(data, Coder.HUFFMAN, lanes) == ("E_ENTROPY", 0)


def test_large_groups_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(0)
    runs: list[TokenRun] = []
    expected = []
    for count in (1, 300, 40, 299, 5, 900, 33):
        tokens = [rng.choice((1, 2, 9)) for _ in range(count)]
        expected.append(tokens)
        runs.append(read(samples.symbol_data(samples.Around(rng), tokens, Coder.RANS), Coder.RANS, count))
    for limit in (1, 500, 1200, 1 << 20):
        monkeypatch.setattr("nntc.decoder.entropy.rans.LOCKSTEP_TOKENS", limit)
        monkeypatch.setattr("nntc.decoder.entropy.rans.LOCKSTEP_TABLES", max(1, limit // 300))
        results = decode_runs(runs)
        assert [codes(r) for r in results if not isinstance(r, FormatError)] == expected


@pytest.mark.parametrize("count", [250, 258, 270])
def test_table_and_entry_numbers_outgrow_their_types(count: int) -> None:
    table = samples.Table(0, (16,) * 256, 0, 0)
    runs: list[TokenRun] = []
    expected = []
    for i in range(count):
        tokens = [i % 256, 255, 0]
        data = b"\x00" + samples.write_tables([table]) + samples.rans_lanes(tokens, [table], [0] * 3, 1, 2)
        runs.append(read(data, Coder.RANS, 3))
        expected.append(tokens)
    assert [codes(r) for r in decode_runs(runs) if not isinstance(r, FormatError)] == expected


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


HALVES = samples.write_tables([samples.Table(0, (2048, 2048), 0, 0)])
STATE = (1 << 16).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("coder", "count", "data", "error"),
    [
        (Coder.PACKED, 3, b"\x00\x00", ("E_RESERVED", 0)),
        (Coder.PACKED, 3, b"\x09\x00\x00\x00\x00", ("E_RESERVED", 0)),
        (Coder.PACKED, 3, b"\x01", ("E_TRUNCATED", 1)),
        (Coder.PACKED, 3, b"\x01\x08", ("E_PADDING", 0)),
        (Coder.PACKED, 3, b"\x01\x00\x00", ("E_TRAILING", 2)),
        (Coder.ZSTD, 1, b"\x00", ("E_ZSTD", 0)),
        (Coder.ZSTD, 1, b"\x05abc", ("E_TRUNCATED", 1)),
        (Coder.BZIP2, 1, b"\x00", ("E_BZIP2", 0)),
        (Coder.HUFFMAN, 1, b"\xff\x01\x11", ("E_TABLE", 0)),
        (Coder.HUFFMAN, 1, b"\xff\x01", ("E_TRUNCATED", 2)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x02\x01\x01\x00", ("E_TABLE", 0)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x11\x01\x01\x00", ("E_TABLE", 0)),
        (Coder.HUFFMAN, 1, b"\x00\x01\x21\x01\x01\x00", ("E_TABLE", 0)),
        (Coder.HUFFMAN, 1, b"\x00\x02\x01\x01\x01\x01\x00", None),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x02\x00\x00", ("E_LIMIT", 3)),
        (Coder.HUFFMAN, 8193, b"\x00\x00\x01\x01\x00", ("E_LIMIT", 3)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x00", ("E_LIMIT", 3)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x01\x02\x00", ("E_TRUNCATED", 5)),
        (Coder.HUFFMAN, 2, b"\x00\x00\x01\x02" + samples.varint(2**63 - 1) * 2, ("E_TRUNCATED", 22)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x01\x01\x80", ("E_ENTROPY", 0)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x01\x01\x01", ("E_ENTROPY", 0)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x01\x00", ("E_ENTROPY", 0)),
        (Coder.HUFFMAN, 1, b"\x00\x00\x01\x01\x02\x00\x00", ("E_ENTROPY", 0)),
        (Coder.RANS, 1, b"\x04", ("E_RESERVED", 0)),
        (Coder.RANS, 1, b"\x01\x02", ("E_VIEW", 0)),
        (Coder.RANS, 1, b"\x02\x00", ("E_TABLE", 1)),
        (Coder.RANS, 1, b"\x00" + HALVES + b"\x00", ("E_LIMIT", 1 + len(HALVES))),
        (Coder.RANS, 1, b"\x00" + HALVES + b"\x02", ("E_LIMIT", 1 + len(HALVES))),
        (Coder.RANS, 8193, b"\x00" + HALVES + b"\x01", ("E_LIMIT", 1 + len(HALVES))),
        (Coder.RANS, 1, b"\x00" + HALVES + b"\x01\x00\xff\xff\x00\x00", ("E_ENTROPY", 3 + len(HALVES))),
        (Coder.RANS, 1, b"\x00" + HALVES + b"\x01\x01" + STATE, ("E_TRUNCATED", 7 + len(HALVES))),
        (Coder.RANS, 1, b"\x00" + HALVES + b"\x01\x00" + STATE, ("E_ENTROPY", 0)),
        (Coder.RANS, 1, b"\x00" + HALVES + b"\x01\x02" + STATE + bytes(4), ("E_ENTROPY", 0)),
    ],
)
def test_bad_symbol_data(coder: Coder, count: int, data: bytes, error: tuple[str, int] | None) -> None:
    if error is None:
        assert len(decode_run(read(data, coder, count))) == count
    else:
        assert raised(data, coder, count) == error


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


def test_a_damaged_class_list_is_reported_as_any_symbol_data() -> None:
    view = samples.View(0, 1, 1, 1)
    one = samples.write_tables([samples.Table(0, (4096,), 0, 0)] * 2)
    data = b"\x01\x02\x01\x00\x01\x80\x00\x00" + one + b"\x01\x00" + STATE
    around = ParseContext(Profile.MAIN, [])
    run = read_symbol_data(SectionStream(data, 20), Coder.RANS, 1, around, view=view_of(view))
    with pytest.raises(FormatError) as caught:
        decode_run(run)
    assert (caught.value.id, caught.value.offset) == ("E_PADDING", 24)


def test_a_class_above_63_is_reported_where_the_class_list_begins() -> None:
    view = samples.View(0, 1, 1, 1)
    one = samples.write_tables([samples.Table(0, (4096,), 0, 0)] * 2)
    data = b"\x01\x02\x00\x01\x00\x08\x40\x00" + one + b"\x01\x00" + STATE
    run = read_symbol_data(
        SectionStream(data, 20), Coder.RANS, 1, ParseContext(Profile.MAIN, []), view=view_of(view)
    )
    assert isinstance(run, RansRun)
    with pytest.raises(FormatError) as caught:
        decode_run(run)
    assert (caught.value.id, caught.value.offset) == ("E_RANGE", 23)

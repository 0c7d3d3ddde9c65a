"""Symbol data of every coder, written by `samples`, read by the decoder."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.contexts import RansRun
from nntc.decoder.entropy.runs import ParseContext, RunRequest
from nntc.decoder.entropy.symbols import read_symbol_data
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.trellis import Trellis

from conformance.proof import samples
from tests import strategies
from tests.decoder.entropy.runs import decode_run, raised, read
from tests.strategies import view_of


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


@given(strategies.views(80), strategies.chance(), st.sampled_from((0, 1, 2, 3)), st.integers(1, 40))
def test_contexts_and_trellises(view: samples.View, rng: Random, trellis: int, segment: int) -> None:
    tokens = [rng.choice((0, 1, 7, 255)) for _ in range(view.size)]
    segment = segment if trellis else 1
    data = samples.rans_data(samples.Around(rng), tokens, view, trellis, segment)
    stream = SectionStream(data, 0)
    run = read_symbol_data(
        stream,
        Coder.RANS,
        RunRequest(view.size, ParseContext(Profile.FULL, []), view_of(view), Trellis(trellis), segment),
    )
    found = decode_run(run)
    if trellis:
        quantizers = samples.quantizers_of(tokens, trellis, segment)
        assert found == [2 * t + q for t, q in zip(tokens, quantizers, strict=True)]
    else:
        assert found == tokens


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


def test_a_damaged_class_list_is_reported_as_any_symbol_data() -> None:
    view = samples.View(0, 1, 1, 1)
    one = samples.write_tables([samples.Table(0, (4096,), 0, 0)] * 2)
    data = b"\x01\x02\x01\x00\x01\x80\x00\x00" + one + b"\x01\x00" + STATE
    around = ParseContext(Profile.FULL, [])
    run = read_symbol_data(SectionStream(data, 20), Coder.RANS, RunRequest(1, around, view_of(view)))
    with pytest.raises(FormatError) as caught:
        decode_run(run)
    assert (caught.value.id, caught.value.offset) == ("E_PADDING", 24)


def test_a_class_above_63_is_reported_where_the_class_list_begins() -> None:
    view = samples.View(0, 1, 1, 1)
    one = samples.write_tables([samples.Table(0, (4096,), 0, 0)] * 2)
    data = b"\x01\x02\x00\x01\x00\x08\x40\x00" + one + b"\x01\x00" + STATE
    run = read_symbol_data(
        SectionStream(data, 20), Coder.RANS, RunRequest(1, ParseContext(Profile.FULL, []), view_of(view))
    )
    assert isinstance(run, RansRun)
    with pytest.raises(FormatError) as caught:
        decode_run(run)
    assert (caught.value.id, caught.value.offset) == ("E_RANGE", 23)

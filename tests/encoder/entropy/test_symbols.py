"""Symbol blocks that the encoder writes, read by the decoder and by the second decoder."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.integers import TokenTable
from nntc.decoder.entropy.symbols import ParseContext, decode_runs, read_symbol_data
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
from nntc.format.registry import Coder, Profile
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis
from nntc.format.view import View

from conformance.proof import samples
from conformance.reference_decoder import symbols as reference_symbols
from conformance.reference_decoder.bits import Reader
from tests import strategies
from tests.encoder.entropy.decoding import setting
from tests.strategies import view_of


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


@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN])
@pytest.mark.parametrize("count", [10, 3000, 50_000])
def test_sizes_are_known_before_streams_are_encoded(coder: Coder, count: int) -> None:
    tokens = np.random.default_rng(count).geometric(0.4, count).clip(0, 30).astype(np.uint8)
    fragments = symbol_data(tokens, coder)
    assert expected_size(fragments) == pytest.approx(len(assemble([fragments])[0]), rel=0.003, abs=8)

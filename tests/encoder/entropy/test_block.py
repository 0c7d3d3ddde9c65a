"""Short runs with their coder byte."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from nntc.encoder.entropy.block import write_symbol_block

from conformance.reference_decoder import symbols as reference_symbols
from conformance.reference_decoder.bits import Reader
from tests import strategies
from tests.encoder.entropy.decoding import setting


@given(strategies.tokens())
def test_short_runs_choose_a_coder(tokens: list[int]) -> None:
    data = write_symbol_block(np.array(tokens, np.uint8))
    reader = Reader(data, 0)
    own = setting(len(tokens))
    read = reference_symbols.read_symbol_block(reader, len(tokens), own, of_view=False)
    assert list(read.decode().values) == tokens
    reader.finish()

"""Symbol data that the encoder writes, read by the decoder and by the second decoder."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.entropy.symbols import symbol_data
from nntc.format.registry import Coder

from conformance.reference_decoder import symbols as reference_symbols
from conformance.reference_decoder.bits import Reader
from tests import strategies
from tests.encoder.entropy.decoding import decoded, setting


@given(strategies.tokens(), st.sampled_from(Coder))
def test_tokens_come_back(tokens: list[int], coder: Coder) -> None:
    data = assemble([symbol_data(np.array(tokens, np.uint8), coder)])[0]
    assert decoded(data, coder, len(tokens)) == tokens
    own = setting(len(tokens))
    read = reference_symbols.read_symbol_data(Reader(data, 0), coder, len(tokens), own, of_view=False)
    assert list(read.decode().values) == tokens

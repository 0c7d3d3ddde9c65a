"""Runs of tokens, read and decoded."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.runs import ParseContext, RunRequest, Tokens
from nntc.decoder.entropy.streams import DependentTokens
from nntc.decoder.entropy.symbols import decode_runs, read_symbol_data
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.tables import FrequencyTable

from conformance.proof import samples


def tables_of(tables: list[samples.Table]) -> list[FrequencyTable]:
    return [FrequencyTable(t.first, np.array(t.frequencies)) for t in tables]


def read(data: bytes, coder: int, count: int, shared: list[samples.Table] | None = None) -> TokenRun:
    stream = SectionStream(data, 0)
    context = ParseContext(Profile.FULL, tables_of(shared or []))
    run = read_symbol_data(stream, Coder(coder), RunRequest(count, context))
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

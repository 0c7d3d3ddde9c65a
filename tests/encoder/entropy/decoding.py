"""Decoding of written records, for tests of entropy coders."""

from __future__ import annotations

from nntc.decoder.entropy.integers import TokenTable
from nntc.decoder.entropy.runs import ParseContext, RunRequest
from nntc.decoder.entropy.symbols import decode_runs, read_symbol_data
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.tables import FrequencyTable
from nntc.format.trellis import Trellis
from nntc.format.view import View

from conformance.reference_decoder.coding import Setting
from conformance.reference_decoder.views import MatrixView


def setting(count: int) -> Setting:
    """What the reference decoder needs to know of a tensor of one row."""
    return Setting(2, [], MatrixView(1, count, 1, transposed=False))


def decoded(
    data: bytes,
    coder: Coder,
    count: int,
    view: View | None = None,
    shared: list[FrequencyTable] | None = None,
    trellis: Trellis = Trellis.NONE,
    segment: int = 1,
) -> list[int]:
    """Return the tokens of symbol data; under a trellis, without their quantizer bits."""
    stream = SectionStream(data, 0)
    around = ParseContext(Profile.FULL, shared or [])
    run = read_symbol_data(stream, coder, RunRequest(count, around, view, trellis, segment))
    stream.finish("symbol data")
    result = decode_runs([run])[0]
    assert not isinstance(result, FormatError)
    token_table = TokenTable.of(result)
    found: list[int] = token_table.tokens[token_table.indices].tolist()
    return found

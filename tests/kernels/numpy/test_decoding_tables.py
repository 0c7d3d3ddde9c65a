"""Decoding tables have types that hold all numbers."""

from __future__ import annotations

import pytest
from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.symbols import decode_runs
from nntc.errors import FormatError
from nntc.format.registry import Coder

from conformance.proof import samples
from tests.decoder.entropy.runs import codes, read


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

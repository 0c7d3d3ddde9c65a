"""rANS in lockstep: how streams are put together never shows."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from nntc.decoder.entropy.contexts import TokenRun
from nntc.decoder.entropy.runs import ParseContext, RunRequest
from nntc.decoder.entropy.symbols import decode_runs, read_symbol_data
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.registry import Coder, Profile
from nntc.format.trellis import Trellis
from nntc.kernels.numpy.rans_decoding import decode_rans

from conformance.proof import samples
from tests import strategies
from tests.decoder.entropy.runs import codes, decode_run, read


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
        around = ParseContext(Profile.FULL, [])
        kind = Trellis(trellis)
        run = read_symbol_data(stream, Coder.RANS, RunRequest(len(tokens), around, None, kind, segment))
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
    assert decode_rans([]) == []
    assert decode_runs([]) == []


@pytest.mark.parametrize("lanes", [1, 2, 5, 99, 100, 101, 300])
@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN])
def test_any_number_of_lanes(lanes: int, coder: Coder, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(lanes)
    monkeypatch.setattr(samples.symbols, "lanes_for", lambda *_: lanes)
    for count in (lanes, lanes + 1, 3 * lanes - 1, 1000):
        tokens = [min(255, int(rng.expovariate(0.1))) for _ in range(count)]
        data = samples.symbol_data(samples.Around(rng), tokens, coder)
        if count >= lanes:
            assert decode_run(read(data, coder, count)) == tokens


def test_large_groups_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(0)
    runs: list[TokenRun] = []
    expected = []
    for count in (1, 300, 40, 299, 5, 900, 33):
        tokens = [rng.choice((1, 2, 9)) for _ in range(count)]
        expected.append(tokens)
        runs.append(read(samples.symbol_data(samples.Around(rng), tokens, Coder.RANS), Coder.RANS, count))
    for limit in (1, 500, 1200, 1 << 20):
        monkeypatch.setattr("nntc.kernels.numpy.rans_decoding.LOCKSTEP_TOKENS", limit)
        monkeypatch.setattr("nntc.kernels.numpy.rans_decoding.LOCKSTEP_TABLES", max(1, limit // 300))
        monkeypatch.setattr("nntc.kernels.numpy.rans_decoding.LOCKSTEP_ENTRIES", max(512, limit // 4))
        results = decode_runs(runs)
        assert [codes(r) for r in results if not isinstance(r, FormatError)] == expected

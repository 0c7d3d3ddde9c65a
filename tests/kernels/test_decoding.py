"""Kernels for decoding: the same results from numpy, portable C and C for this processor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.encoder.entropy.huffman import canonical_codes, code_lengths
from nntc.encoder.entropy.rans import EncoderStream
from nntc.encoder.entropy.tables import make_table
from nntc.format.trellis import MACHINES, Trellis
from nntc.kernels.decoding import decode_huffman, decode_rans, look_up
from nntc.kernels.encoding import encode_rans
from numpy.typing import NDArray

from .building import require_native, results
from .guarded import guarded

Tokens = NDArray[np.uint8]


def quantizers_of(tokens: Tokens, trellis: Trellis, segment: int) -> Tokens:
    """Return the quantizer bit of each token, as the state machine has it."""
    machine, state, bits = MACHINES[trellis], 0, np.zeros(tokens.size, np.uint8)
    for i, token in enumerate(tokens.tolist()):
        state = state if i % segment else 0
        bits[i] = machine.quantizer[state]
        state = machine.next[state][token & 1]
    return bits


def stream_of(
    rng: np.random.Generator, count: int, lanes: int, trellis: Trellis, segment: int, contexts: int
) -> tuple[RansStream, Tokens]:
    """Return a stream and its tokens."""
    tokens = np.minimum(rng.geometric(rng.choice((0.02, 0.3, 0.99)), count), 255).astype(np.uint8)
    classes = rng.integers(0, contexts, count).astype(np.uint8) if contexts > 1 else None
    numbers = np.zeros(count, np.uint16) if classes is None else classes.astype(np.uint16)
    if trellis:
        numbers = numbers * np.uint16(2) + quantizers_of(tokens, trellis, segment)
    used = contexts * (2 if trellis else 1)
    tables = [make_table(np.bincount(tokens, minlength=256))[0]] * used
    encoded = encode_rans([EncoderStream(tokens, numbers, tables, segment, lanes)])[0]
    states, words = encoded.states, encoded.words
    return RansStream(count, segment, trellis, tables, 0, used, classes, states, words, 0), tokens


def plain(found: list[Tokens | DependentTokens | None]) -> list[list[tuple[int, int]] | None]:
    """Return token and quantizer bit of all tokens of all streams."""
    out: list[list[tuple[int, int]] | None] = []
    for one in found:
        if isinstance(one, DependentTokens):
            at = one.indices()
            out.append(list(zip(one.tokens[at].tolist(), one.quantizers[at].tolist(), strict=True)))
        else:
            out.append(None if one is None else [(token, 0) for token in one.tolist()])
    return out


@given(
    st.integers(0, 1 << 32),
    st.sampled_from((1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 70)),
    st.sampled_from(Trellis),
    st.sampled_from((1, 5, 16, 17, 40)),
    st.sampled_from((1, 2, 9)),
)
def test_rans_streams_decode_alike(
    seed: int, lanes: int, trellis: Trellis, segment: int, contexts: int
) -> None:
    rng = np.random.default_rng(seed)
    segment = segment if trellis else 1
    count = int(rng.integers((lanes - 1) * segment + 1, 4 * lanes * segment + 1))
    stream, tokens = stream_of(rng, count, lanes, trellis, segment, contexts)
    first, *others = results(lambda: plain(decode_rans([stream])))
    assert first[0] is not None
    assert [token for token, _ in first[0]] == tokens.tolist()
    assert all(other == first for other in others)
    if trellis:
        assert [q for _, q in first[0]] == quantizers_of(tokens, trellis, segment).tolist()


@given(st.integers(0, 1 << 32), st.sampled_from((1, 16, 19)), st.sampled_from(Trellis))
def test_damaged_rans_streams_are_rejected_alike(seed: int, lanes: int, trellis: Trellis) -> None:
    rng = np.random.default_rng(seed)
    stream, _ = stream_of(rng, 300, lanes, trellis, 8 if trellis else 1, 3)
    words = stream.words.copy()
    if words.size:
        words[rng.integers(words.size)] ^= 1 << rng.integers(16)
    streams = [
        replace(stream, words=words),
        replace(stream, words=stream.words[:-1]),
        replace(stream, words=np.append(stream.words, np.uint16(0))),
        replace(stream, states=stream.states ^ np.uint32(1)),
        stream,
    ]
    first, *others = results(lambda: plain(decode_rans(streams)))
    assert first[2:4] == [None, None]
    assert first[4] is not None
    assert all(other == first for other in others)


@pytest.mark.parametrize("trellis", list(Trellis))
@pytest.mark.parametrize("lanes", [1, 7, 8, 9, 16, 17, 24, 33])
def test_nothing_beyond_words_and_contexts_is_read(lanes: int, trellis: Trellis) -> None:
    rng = np.random.default_rng(lanes)
    for segment in (1, 16, 21) if trellis else (1,):
        stream, tokens = stream_of(rng, 5 * lanes * segment - segment // 2, lanes, trellis, segment, 3)
        assert stream.contexts is not None
        whole = replace(stream, words=guarded(stream.words), contexts=guarded(stream.contexts))
        cut = replace(whole, words=guarded(stream.words[: stream.words.size // 2]))
        for found in results(lambda one=[whole, cut]: plain(decode_rans(one))):  # type: ignore[misc]
            assert found[0] is not None
            assert [token for token, _ in found[0]] == tokens.tolist()
            assert found[1] is None or not stream.words.size


@pytest.mark.parametrize("lanes", [1, 16, 17])
def test_a_token_that_alone_occurs_takes_no_words(lanes: int) -> None:
    tables = [make_table(np.bincount([7], minlength=256))[0]]
    states = np.full(lanes, 1 << 16, np.uint32)
    stream = RansStream(3 * lanes, 1, Trellis.NONE, tables, 0, 1, None, states, np.zeros(0, np.uint16), 0)
    for found in results(lambda: plain(decode_rans([stream]))):
        assert found == [[(7, 0)] * (3 * lanes)]


def same(one: Tokens | None, other: Tokens | None) -> bool:
    return one is other if one is None or other is None else np.array_equal(one, other)


@given(st.integers(0, 1 << 32), st.sampled_from((1, 3, 99, 100, 130)), st.sampled_from((1, 2, 256)))
def test_huffman_runs_decode_and_are_rejected_alike(seed: int, lanes: int, alphabet: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(lanes, 5 * lanes + 1))
    tokens = rng.integers(0, alphabet, count).astype(np.uint8)
    lengths = code_lengths(np.bincount(tokens, minlength=256))
    codes = canonical_codes(lengths)
    parts = []
    for lane in range(lanes):
        bits = "".join(format(codes[t], f"0{lengths[t]}b") for t in tokens[lane::lanes])
        parts.append(int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big"))
    sizes, data = np.array([len(p) for p in parts]), b"".join(parts)
    for found in results(lambda: decode_huffman(count, lengths, sizes, data)):
        assert found is not None
        assert np.array_equal(found, tokens)
    at = int(rng.integers(len(data)))
    damaged = data[:at] + bytes([data[at] ^ 1 << int(rng.integers(8))]) + data[at + 1 :]
    longer = sizes + (np.arange(lanes) == lanes - 1)
    for other, other_sizes in ((damaged, sizes), (data + b"\0", longer), (data + b"\x80", longer)):
        first, *rest = results(lambda o=other, s=other_sizes: decode_huffman(count, lengths, s, o))  # type: ignore[misc]
        assert all(same(first, r) for r in rest)


@pytest.mark.parametrize("index", [np.uint8, np.uint16, np.uint32])
@pytest.mark.parametrize("element", [np.bool_, np.uint16, np.float32, np.float64])
def test_looking_up_gives_the_elements(index: type[np.generic], element: type[np.generic]) -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(size=200).astype(element)
    indices = rng.integers(0, 200, 100_000).astype(index)
    for found in results(lambda: look_up(table, indices)):
        assert found.dtype == element
        assert np.array_equal(found, table[indices])


def test_an_index_beyond_the_table_reads_nothing() -> None:
    require_native()
    from nntc.kernels.native import _native

    out = np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="beyond the table"):
        _native.look_up(np.ones(3, np.float32), 4, np.array([1, 3], np.uint8), 1, out)

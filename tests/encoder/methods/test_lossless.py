"""Exact records are exact, and small where a network was pruned or quantized in training."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.tensor.record import Record
from nntc.format.registry import Coder, ElementType, Profile, Tool, ViewKind
from nntc.format.view import View
from numpy.typing import NDArray

FLOATS = {
    ElementType.FLOAT16: np.float16,
    ElementType.BFLOAT16: ml_dtypes.bfloat16,
    ElementType.FLOAT32: np.float32,
    ElementType.FLOAT64: np.float64,
}
CODERS = [Coder.RANS, Coder.HUFFMAN, Coder.BZIP2, Coder.ZSTD]


def body(record: Record) -> bytes:
    return assemble([record.fragments])[0]


def decoded(record: Record) -> bytes:
    found = read_tensor(body(record), 0, record.output, ParseContext(Profile.FULL, []))
    return found.payload(decode_records([found])[0]).tobytes()


def patterns(values: NDArray[Any]) -> NDArray[Any]:
    return values.ravel().view(f"u{values.dtype.itemsize}")


def matrix(bits: NDArray[Any], rows: int = 1) -> View:
    return View(ViewKind.MATRIX, rows, bits.size // rows)


def sparse_values(rng: np.random.Generator, size: int, zeros: float, entries: int) -> NDArray[np.float32]:
    """Return weights of which a share is zero and the others have so many values; any number for 0."""
    values = rng.laplace(0, 1, size)
    values += np.sign(values) * 0.5
    if entries:
        values = rng.choice(rng.choice(values, entries), size)
    return np.where(rng.random(size) < zeros, 0, values).astype(np.float32)


@given(
    st.sampled_from(list(FLOATS)),
    st.integers(0, 2**32),
    st.integers(1, 700),
    st.sampled_from([0, 0.3, 0.9, 0.999, 1]),
    st.sampled_from([0, 1, 2, 31, 256, 600]),
    st.sampled_from(CODERS),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, -0.0, np.nan, -np.inf, 1e-40, 6e4]),
)
@settings(deadline=None, max_examples=60)
def test_every_bit_comes_back(
    element: ElementType,
    seed: int,
    size: int,
    zeros: float,
    entries: int,
    coder: Coder,
    sparse: bool | None,
    odd: float | None,
) -> None:
    rng = np.random.default_rng(seed)
    values = sparse_values(rng, size, zeros, entries)
    if odd is not None:
        values[rng.integers(0, size, 3)] = odd
    bits = patterns(values.astype(FLOATS[element]))
    record = lossless_record(element, matrix(bits), bits, coder=coder, sparse=sparse)
    assert decoded(record) == bits.tobytes()
    assert record.is_long_enough


@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("entries", [31, 255, 256])
def test_pruned_and_quantized_weights_take_hardly_more_than_their_entropy(coder: Coder, entries: int) -> None:
    values = sparse_values(np.random.default_rng(1), 200_000, 0.9, entries)
    bits = patterns(values)
    counts = np.unique(bits, return_counts=True)[1]
    entropy = -float(counts @ np.log2(counts / bits.size)) / 8
    record = lossless_record(ElementType.FLOAT32, matrix(bits, 400), bits, coder=coder)
    assert record.tool is Tool.CODEBOOK
    overhead = 4 * entries + 400
    limit = 1.02 if coder in (Coder.RANS, Coder.HUFFMAN) else 1.3
    assert entropy < len(body(record)) < limit * entropy + overhead


def test_contexts_pay_where_rows_differ() -> None:
    rng = np.random.default_rng(2)
    kept = rng.random((200, 400)) < np.linspace(0.05, 1, 200)[:, None]
    values = np.where(kept, rng.choice([1, 2, -1], (200, 400)), 0)
    bits = patterns(values.astype(np.float32))
    flat = lossless_record(ElementType.FLOAT32, matrix(bits), bits)
    rows = lossless_record(ElementType.FLOAT32, matrix(bits, 200), bits)
    assert len(body(rows)) < 0.95 * len(body(flat))


@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN])
@pytest.mark.parametrize("zeros", [0.15, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("are_signed", [False, True])
def test_pruned_weights_cost_their_places_and_values(coder: Coder, zeros: float, are_signed: bool) -> None:
    """Zeros of a mask times weights have the weights' signs, which are kept."""
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 1, 50_000).astype(np.float32)
    values = weights * (rng.random(weights.size) >= zeros) if are_signed else weights.copy()
    if not are_signed:
        values[rng.random(weights.size) < zeros] = 0
    bits = patterns(values)
    record = lossless_record(ElementType.FLOAT32, matrix(bits), bits, coder=coder)
    assert decoded(record) == bits.tobytes()
    exponents = bits[values != 0] >> 23 & 255
    others = entropy(exponents) + 24 * exponents.size  # with sign and fraction
    signs = entropy(np.signbit(values[values == 0]).astype(np.uint32))
    assert 8 * len(body(record)) < 1.005 * (entropy((values == 0).astype(np.uint32)) + signs + others) + 2000


def entropy(symbols: NDArray[np.uint32]) -> float:
    """Return the bits of all symbols under the best static code."""
    counts = np.bincount(symbols)
    counts = counts[counts > 0]
    return -float(counts @ np.log2(counts / symbols.size))


def test_sparse_rows_can_be_forced() -> None:
    bits = patterns(sparse_values(np.random.default_rng(3), 50_000, 0.9, 0))
    forced = lossless_record(ElementType.FLOAT32, matrix(bits), bits, sparse=True)
    assert forced.tool is Tool.UNIFORM
    assert decoded(forced) == bits.tobytes()
    best = lossless_record(ElementType.FLOAT32, matrix(bits), bits)
    assert len(body(best)) <= len(body(forced))


def test_a_negative_zero_among_pruned_weights_keeps_its_sign() -> None:
    values = sparse_values(np.random.default_rng(4), 5000, 0.8, 0)
    values[np.flatnonzero(values == 0)[7]] = -0.0
    bits = patterns(values)
    record = lossless_record(ElementType.FLOAT32, matrix(bits), bits, sparse=True)
    assert decoded(record) == bits.tobytes()


@pytest.mark.parametrize("coder", [Coder.RANS, Coder.HUFFMAN, Coder.BZIP2])
@pytest.mark.parametrize("sparse", [None, True, False])
@pytest.mark.parametrize("places", [[], [0], [2**19 - 1]])
def test_nearly_constant_tensors_stay_within_the_expansion_limit(
    coder: Coder, sparse: bool | None, places: list[int]
) -> None:
    values = np.zeros(2**19, np.float32)
    values[places] = 3
    bits = patterns(values)
    record = lossless_record(ElementType.FLOAT32, matrix(bits), bits, coder=coder, sparse=sparse)
    assert record.is_long_enough
    assert record.output <= 65536 * (len(body(record)) + 1)
    # A Huffman code has no less than a bit for each weight.
    assert len(body(record)) < (68_000 if sparse is False and coder is Coder.HUFFMAN else 6000)
    assert decoded(record) == bits.tobytes()


def test_more_values_than_a_token_has() -> None:
    """A thousand values of a float32 tensor: four times smaller than byte planes could have them."""
    rng = np.random.default_rng(5)
    bits = patterns(rng.choice(rng.normal(0, 1, 1000).astype(np.float32), 30_000))
    record = lossless_record(ElementType.FLOAT32, matrix(bits), bits)
    assert record.tool is Tool.CODEBOOK
    assert decoded(record) == bits.tobytes()
    assert 8 * len(body(record)) < 10.2 * bits.size + 32 * 1000 + 1000

"""Difference records: what a decoder makes of them with the elements that they change."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.decoder.base import Base
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.record import decode_records, read_tensor
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.tensor.difference import Origin, Product, as_difference, product_record
from nntc.encoder.tensor.planes import planes_record
from nntc.encoder.tensor.ragged import ragged_view
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.format.patterns import folded, order
from nntc.format.registry import Coder, ElementType, Method, Profile, Tool, ViewKind
from nntc.format.steps import STEP_CODES
from nntc.format.view import View
from nntc.sources.source import BytesSource
from numpy.typing import NDArray

from tests.encoder.tensors import normal

F32 = ElementType.FLOAT32
VIEW = View(ViewKind.MATRIX, 20, 30)
OLD = normal(20, 30).ravel()
BEFORE = b"before"


def decode(records: list[Record], base: bytes) -> NDArray[np.float32]:
    """Return what records of one section make."""
    body = assemble([[fragment for record in records for fragment in record.fragments]])[0]
    context = ParseContext(Profile.FULL, [], base_sizes=(len(base),))
    found = read_tensor(body, 0, records[0].output, context)
    payload = found.payload(decode_records([found])[0], Base([BytesSource(base)]))
    return np.frombuffer(payload.tobytes(), np.float32)


def product(rank: int = 2) -> Product:
    rng = np.random.default_rng(0)
    left, right = rng.integers(-40, 40, (20, rank)), rng.integers(-40, 40, (rank, 30))
    return Product(2.0**-10, np.arange(rank, dtype=np.uint8), left, right)


def made(own: Product) -> NDArray[np.float64]:
    return ((own.left * STEP_CODES[own.codes]) @ own.right).ravel() * own.step


def test_a_product_is_added() -> None:
    base = BEFORE + OLD.tobytes()
    found = decode([product_record(F32, VIEW, product(), Origin(F32, (len(BEFORE),)))], base)
    assert np.array_equal(found, (OLD.astype(np.float64) + made(product())).astype(np.float32))


def test_factors_that_are_mostly_zero_are_sparse() -> None:
    own = product(3)
    left = np.zeros_like(own.left)
    left[3] = 7
    sparse = Product(own.step, own.codes, left, own.right)
    found = decode([product_record(F32, VIEW, sparse, Origin(F32, (0,)))], OLD.tobytes())
    assert np.array_equal(found, (OLD.astype(np.float64) + made(sparse)).astype(np.float32))


def test_levels_are_added_to_what_a_product_has_made() -> None:
    levels = np.random.default_rng(1).integers(-9, 9, OLD.size)
    second = uniform_record(F32, VIEW, UniformParameters(0.125), levels, Coder.RANS)
    records = [
        product_record(F32, VIEW, product(), Origin(F32, (0,))),
        as_difference(second, Method.UNIFORM, None),
    ]
    assert {record.tool for record in records} == {Tool.DIFFERENCE}
    first = (OLD.astype(np.float64) + made(product())).astype(np.float32)
    expected = (first.astype(np.float64) + levels * 0.125).astype(np.float32)
    assert np.array_equal(decode(records, OLD.tobytes()), expected)


@pytest.mark.parametrize("spread", [2, 60, 10**6])
@pytest.mark.parametrize("share", [0.02, 1.0])
def test_planes_of_differences_are_exact(spread: int, share: float) -> None:
    rng = np.random.default_rng(0)
    change = rng.integers(-spread, spread, OLD.size) * (rng.random(OLD.size) < share)
    new = (OLD.view(np.uint32).astype(np.int64) + change).astype(np.uint32)
    integers = folded(order(new, F32) - order(OLD.view(np.uint32), F32))
    record = planes_record(F32, VIEW, integers, is_difference=True)
    found = decode([as_difference(record, Method.PLANES, Origin(F32, (0,)))], OLD.tobytes())
    assert np.array_equal(found.view(np.uint32), new)


def test_many_common_differences_take_one_plane() -> None:
    rng = np.random.default_rng(0)
    change = np.abs(rng.normal(0, 40, 50_000)).astype(np.uint32)
    one_row = View(ViewKind.MATRIX, 1, change.size)
    together = planes_record(F32, one_row, change, is_difference=True)
    counts = np.unique(change, return_counts=True)[1]
    entropy = float(-(counts @ np.log2(counts / change.size))) / 8
    assert together.expected_size < 1.03 * entropy + 1500


def test_parts_come_from_places_of_their_own() -> None:
    sizes = (3, 50, 7)
    parts = [normal(n, seed=n) for n in sizes]
    base = parts[1].tobytes() + b"??" + parts[0].tobytes() + parts[2].tobytes()
    starts = (len(parts[1].tobytes()) + 2, 0, len(base) - 28)
    levels = np.random.default_rng(1).integers(-9, 9, sum(sizes))
    record = uniform_record(F32, ragged_view(sizes), UniformParameters(0.5), levels, Coder.RANS)
    found = decode([as_difference(record, Method.UNIFORM, Origin(F32, starts))], base)
    assert np.array_equal(found, np.concatenate(parts) + np.float32(0.5) * levels.astype(np.float32))


def test_only_whole_records_become_differences() -> None:
    record = product_record(F32, VIEW, product(), None)
    with pytest.raises(TypeError):
        as_difference(Record(record.fragments[1:], F32, Tool.UNIFORM, VIEW), Method.UNIFORM, None)

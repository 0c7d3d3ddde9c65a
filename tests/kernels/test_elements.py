"""Kernels that make elements: the same bits from numpy, portable C and C for this processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.decoder.entropy.integers import IntegerBlock
from nntc.decoder.entropy.streams import DependentTokens
from nntc.decoder.tensor.uniform import Uniform
from nntc.errors import FormatError
from nntc.format.bits import pack
from nntc.format.integers import ESCAPE
from nntc.format.registry import ElementType, ViewKind
from nntc.format.rounding import is_finite, round_to_element
from nntc.format.transform import Transform
from nntc.format.trellis import Trellis
from nntc.format.view import View
from nntc.kernels.choice import using
from nntc.kernels.elements import join_planes, reconstruct
from nntc.kernels.native.tables import QUANTIZERS, TOKENS

from .building import LEVELS, require_native, results
from .guarded import guarded

FLOATS = [e for e in ElementType if e.is_float]
TYPES = [*FLOATS, ElementType.INT8, ElementType.UINT8]
TYPES = [e for e in ElementType if e.is_float or e.is_integer]
ANY: Any = object()
"""A run that nothing is asked of: its tokens are given."""
SHAPES = ((1, 1, 6), (3, 3, 0), (5, 5, 0), (3, 3, 2), (1, 7, 0), (16, 16, 0))
TRANSFORMS = [None, None, *(Transform(*shape) for shape in SHAPES)]
SIZES = [1, 7, 8, 9, 63, 64, 65, 300]
"""Blocks, or elements, around those that are worked on side by side; more than fit into the nearest cache."""


def record_of(
    rng: np.random.Generator, element: ElementType, transform: Transform | None, groups: int, step: float
) -> tuple[Uniform, list[Any]]:
    """Return a record with some of what a record can have, and its decoded tokens in stored order."""

    def maybe() -> bool:
        return bool(rng.integers(2))

    period = 1 if transform is None else transform.period
    rows = int(rng.integers(1, 5))
    view = View(ViewKind.MATRIX, rows, groups, period)
    if transform is None and maybe():
        lengths = rng.integers(1, 2 * groups + 1, rows)
        view = View(ViewKind.RAGGED, rows, lengths=tuple(lengths.tolist()))
    count = view.size
    trellis = Trellis(int(rng.integers(3)))
    low_bits = 0 if trellis or maybe() else int(rng.integers(1, 9))
    tokens = rng.choice(
        np.array([0, 1, 2, 3, 200, 254, 255], np.uint8), count, p=[0.3, 0.3, 0.2, 0.1, 0.05, 0.04, 0.01]
    )
    escapes = None
    if maybe() and np.any(tokens == ESCAPE):
        escapes = (rng.integers(-4000, 4000, np.count_nonzero(tokens == ESCAPE)) | 1).astype(np.int32)
    low_data = pack(rng.integers(0, 1 << low_bits, count).astype(np.uint32), low_bits) if low_bits else b""
    block = IntegerBlock(count, int(rng.choice([-2, -128, 0])), low_bits, low_data, escapes, None, ANY, 77)
    row_codes = rng.integers(0, 90, rows).astype(np.uint8) if maybe() else None
    column_codes = (
        rng.integers(0, 30, view.columns).astype(np.uint8) if maybe() and not view.lengths else None
    )
    bases = rng.integers(-200, 200, rows) if maybe() and view.lengths else None
    record = Uniform(
        element, view, trellis, step, float(rng.choice([0.0, 0.3])), transform,
        None if row_codes is None else ANY, None if column_codes is None else ANY, bases, block,
    )  # fmt: skip
    own: Any = tokens
    if trellis:
        numbers = tokens.astype(np.uint16) | rng.integers(0, 2, count).astype(np.uint16) << 8
        own = DependentTokens(numbers[None, None, :], count, 0, TOKENS, QUANTIZERS)
    return record, [*(codes for codes in (row_codes, column_codes) if codes is not None), own]


@contextmanager
def native(most: int = LEVELS[-1]) -> Iterator[None]:
    """Let native kernels run, with so much of what is written for particular processors."""
    require_native()
    from nntc.kernels.native import _native

    with using("native"):
        _native.use_up_to(most)
        yield
        _native.use_up_to(LEVELS[-1])


def made(record: Uniform, tokens: list[Any]) -> tuple[str, bytes]:
    """Return type and bytes of the elements, or the id of what is wrong with them."""
    try:
        elements = record.values(tokens)
    except FormatError as e:
        return e.id, b""
    return str(elements.dtype), elements.tobytes()


@settings(max_examples=150)
@given(
    st.integers(0, 1 << 32),
    st.sampled_from(TYPES),
    st.sampled_from(TRANSFORMS),
    st.sampled_from(SIZES),
    st.sampled_from([1e-3, 1.0, 0.5, 2.0**-20, 2.0**-126, 2.0**100]),
)
def test_records_are_reconstructed_alike(
    seed: int, element: ElementType, transform: Transform | None, groups: int, step: float
) -> None:
    record, tokens = record_of(np.random.default_rng(seed), element, transform, groups, step)
    first, *others = results(lambda: made(record, tokens))
    assert all(other == first for other in others)


def one(element: ElementType, step: float, tokens: list[int], offset: float = 0.0, **block: Any) -> Uniform:
    """Return a record of one row."""
    values = {"min_level": 0, "low_bits": 0, "low_data": b"", "escapes": None, "sparse": None, **block}
    levels = IntegerBlock(len(tokens), run=ANY, offset=77, **values)
    view = View(ViewKind.MATRIX, 1, len(tokens))
    return Uniform(element, view, Trellis.NONE, step, offset, None, None, None, None, levels)


@pytest.mark.parametrize("element", TYPES)
def test_every_value_is_rounded_as_on_numpy(element: ElementType) -> None:
    # At every exponent products of up to 37 digits: ties, subnormal ones, and those that just overflow.
    tokens = np.arange(256, dtype=np.uint8)
    for exponent in range(-160, 140):
        for mantissa, lowest in ((1.0, 3900), (1 + 2.0**-11, -8100), (1 + 2.0**-23, -128)):
            step = mantissa * 2.0**exponent
            record = one(element, step, tokens.tolist(), min_level=lowest)
            expected = round_to_element((tokens.astype(np.float64) + lowest) * step, element)
            for most in LEVELS:
                with native(most):
                    found = reconstruct(record, tokens, None, None)
                if found is None:
                    assert not is_finite(expected, element)
                else:
                    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("tokens", "block", "error"),
    [
        ([1, 2, 255], {"escapes": np.array([], np.int32)}, "E_ESCAPE"),
        ([1, 255, 255], {"escapes": np.array([7], np.int32)}, "E_ESCAPE"),
        ([1, 255, 3], {"escapes": np.array([7, 9], np.int32)}, "E_ESCAPE"),
        ([1, 2, 3], {"low_bits": 3, "low_data": b"\xff\x03"}, "E_PADDING"),
        ([1, 2, 3], {"low_bits": 24, "low_data": bytes(9), "min_level": 1 << 7}, "E_RANGE"),
        ([1, 2, 3], {"min_level": (1 << 31) - 3}, "E_RANGE"),
    ],
)
def test_what_is_wrong_is_found_alike(tokens: list[int], block: dict[str, Any], error: str) -> None:
    record = one(ElementType.FLOAT32, 1.0, tokens, **block)
    assert results(lambda: made(record, [np.array(tokens, np.uint8)])) == [(error, b"")] * (1 + len(LEVELS))


@pytest.mark.parametrize("transform", TRANSFORMS[1:])
def test_nothing_beyond_tokens_and_low_bits_is_read(transform: Transform | None) -> None:
    for seed in range(20):
        record, tokens = record_of(np.random.default_rng(seed), ElementType.FLOAT32, transform, 9, 1.0)
        own = tokens[-1]
        if isinstance(own, DependentTokens):
            own = replace(own, rows=guarded(own.rows[0, 0])[None, None, :])
        else:
            own = guarded(own)
        low: Any = guarded(np.frombuffer(record.levels.low_data, np.uint8))
        behind = replace(record, levels=replace(record.levels, low_data=low.data if low.size else b""))
        for found in results(lambda r=behind, t=[*tokens[:-1], own]: made(r, t)):  # type: ignore[misc]
            assert found == made(record, tokens)


def test_sizes_that_differ_are_an_error() -> None:
    record, tokens = one(ElementType.FLOAT32, 1.0, [0, 1, 2]), np.arange(3, dtype=np.uint8)
    with native():
        for codes in ((np.zeros(2, np.uint8), None), (None, np.zeros(2, np.uint8))):
            with pytest.raises(ValueError, match="sizes differ"):
                reconstruct(record, tokens, *codes)
        with pytest.raises(ValueError, match="sizes differ"):
            reconstruct(record, tokens[:2], None, None)


def test_tokens_that_numpy_has_decoded_are_left_to_it() -> None:
    record = one(ElementType.FLOAT32, 1.0, [0, 1, 2])
    own = DependentTokens(np.zeros((1, 1, 3), np.uint16), 3, 0, np.zeros(1, np.uint8), np.zeros(1, np.uint8))
    with native():
        assert reconstruct(record, own, None, None) is None


@given(st.integers(0, 1 << 32), st.sampled_from((1, 2, 4, 8, 16)), st.integers(1, 200), st.booleans())
def test_planes_are_joined_alike(seed: int, width: int, count: int, rotated: bool) -> None:
    planes = list(np.random.default_rng(seed).integers(0, 256, (width, count)).astype(np.uint8))
    first, *others = results(lambda: join_planes(planes, rotated=rotated and width < 16))
    assert first.size == count
    assert all(other.dtype == first.dtype and other.tobytes() == first.tobytes() for other in others)
    if not rotated and width < 16:
        last = int.from_bytes(bytes(plane[-1] for plane in planes), "big")
        assert int(first[-1]) == last


def test_planes_of_different_lengths_are_an_error() -> None:
    planes = [np.zeros(3, np.uint8), np.zeros(2, np.uint8)]
    with native(), pytest.raises(ValueError, match="sizes differ"):
        join_planes(planes, rotated=False)

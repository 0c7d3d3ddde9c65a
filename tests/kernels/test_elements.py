"""Kernels that make elements: the same bits from numpy, portable C and C for this processor."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nntc.decoder.entropy.integers import IntegerBlock, TokenTable
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
from nntc.kernels.elements import reconstruct

from .building import require_native, results

FLOATS = [e for e in ElementType if e.is_float]
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
        both = np.arange(512)
        own = DependentTokens(
            numbers[None, None, :], count, 0, (both & 255).astype(np.uint8), (both >> 8).astype(np.uint8)
        )
    return record, [*(codes for codes in (row_codes, column_codes) if codes is not None), own]


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
    st.sampled_from(FLOATS),
    st.sampled_from(TRANSFORMS),
    st.sampled_from(SIZES),
    st.sampled_from([1e-3, 1.0, 2.0**-20, 2.0**-126, 2.0**100]),
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


@pytest.mark.parametrize("element", FLOATS)
def test_every_value_is_rounded_as_on_numpy(element: ElementType) -> None:
    require_native()
    # Ties, values beside them, subnormal ones and those that just do not overflow, at every exponent.
    fractions = np.array([4096, 4097, 4098, 4099, 4100, 4104, 4112, 4352, 6143, 6144, 6145, 8191, 8190, 4095])
    exponents = range(-1074, 900) if element is ElementType.FLOAT64 else range(-190, 160)
    for exponent in exponents:
        for step in (2.0**exponent, -(2.0**exponent)):
            tokens = list(range(fractions.size))
            record = one(element, step, tokens)
            levels = TokenTable(
                np.array(tokens, np.uint8),
                np.zeros(fractions.size, np.uint8),
                np.zeros(fractions.size, np.uint8),
            )
            with using("native"), pytest.MonkeyPatch.context() as patch:
                patch.setattr(IntegerBlock, "table", lambda *_, **__: fractions.astype(np.int64))
                found = reconstruct(record, levels, None, None)
            expected = round_to_element(fractions * step, element)
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
    assert results(lambda: made(record, [np.array(tokens, np.uint8)])) == [(error, b"")] * 3


def test_an_index_beyond_the_table_makes_nothing() -> None:
    require_native()
    record = one(ElementType.FLOAT32, 1.0, [0, 1, 2])
    with using("native"):
        short = TokenTable(np.array([0, 1, 2], np.uint8), np.arange(2, dtype=np.uint8), np.zeros(2, np.uint8))
        assert reconstruct(record, short, None, None) is None
        with pytest.raises(ValueError, match="sizes differ"):
            reconstruct(record, short, np.zeros(2, np.uint8), None)
        with pytest.raises(ValueError, match="sizes differ"):
            reconstruct(record, short, None, np.zeros(2, np.uint8))

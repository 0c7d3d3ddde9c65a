from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder.quantize.scales import CLASSES_PER_OCTAVE, fit_scales
from nntc.format.rans import MAX_CONTEXTS
from nntc.format.registry import ViewKind
from nntc.format.view import View

from tests import strategies

SCALES = (0.0, 1e-30, 1.0, 1e30)


@given(strategies.views(), st.integers(0, 1 << 32), st.sampled_from(SCALES), st.floats(0, 12))
def test_classes_fit_every_view(found: object, seed: int, scale: float, spread: float) -> None:
    view = strategies.view_of(found)  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    magnitudes = (scale * np.exp(np.clip(rng.normal(0, spread, view.size), -15, 15))).astype(np.float32)
    classes = fit_scales(magnitudes, view).classes
    assert 2 <= classes.count <= MAX_CONTEXTS
    contexts = classes.contexts(view)
    assert contexts.size == view.size
    assert contexts.max() < classes.count
    assert classes.rows.size == view.rows
    if view.kind is not ViewKind.RAGGED:
        assert (classes.channels.size, classes.positions.size) == (view.channels, view.period)
        assert all(c.min() == 0 for c in (classes.rows, classes.channels, classes.positions))


def test_separable_scales_are_found() -> None:
    rng = np.random.default_rng(1)
    rows, channels, positions = (2.0 ** rng.integers(0, 4, n) for n in (64, 64, 9))
    shape = rows[:, None, None] * channels[None, :, None] * positions
    magnitudes = (np.abs(rng.normal(0, 1, shape.shape)) * shape).astype(np.float32).ravel()
    scales = fit_scales(magnitudes, View(ViewKind.MATRIX, 64, 64, 9))
    expected = CLASSES_PER_OCTAVE * np.log2(shape.ravel() * np.sqrt(2 / np.pi))
    contexts = scales.classes.contexts(View(ViewKind.MATRIX, 64, 64, 9)).astype(int) + scales.lowest
    assert np.abs(contexts - expected).mean() < 1


def test_alike_is_one_class() -> None:
    magnitudes = np.abs(np.random.default_rng(2).normal(0, 1, 64 * 64)).astype(np.float32)
    classes = fit_scales(magnitudes, View(ViewKind.MATRIX, 64, 64)).classes
    assert not classes.rows.any()
    assert not classes.channels.any()


def test_classes_are_those_of_exact_sums() -> None:
    """Means that are a billionth away from where classes meet: sums in float32, in any order, miss some."""
    rng = np.random.default_rng(0)
    middles = 2.0 ** ((2 * np.arange(48)[:, None] % 32 + 1) / 2 / CLASSES_PER_OCTAVE)
    rows = np.abs(rng.standard_normal((48, 4096)))
    rows = (rows * middles / rows.mean(axis=1, keepdims=True)).astype(np.float32)
    means = np.array([math.fsum(row) / row.size for row in rows.astype(np.float64)])
    assert 0 < np.abs(means / middles.ravel() - 1).max() < 1e-7
    scales = fit_scales(rows.ravel(), View(ViewKind.MATRIX, 48, 4096))
    expected = np.rint(CLASSES_PER_OCTAVE * np.log2(means)).astype(int)
    assert (
        scales.classes.rows.astype(int) - scales.classes.rows.min() + expected.min()
    ).tolist() == expected.tolist()

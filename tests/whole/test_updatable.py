"""First versions that are coded for updates: these are small, and have no more noise than other files."""

from __future__ import annotations

from typing import Any

import nntc
import numpy as np
import pytest

from tests.whole.test_updates import CODED, OLD, V0, V1, arrays, changes, learnt, model, update

UPDATABLE = nntc.encode_bytes(V0, quality=30, updatable=True)[0]


@pytest.mark.parametrize("options", [{}, {"base_exact": V0}, {"refine": True}])
def test_a_base_on_a_grid_has_small_updates_without_more_noise(options: dict[str, Any]) -> None:
    assert len(UPDATABLE) < 1.06 * len(CODED)
    coded, decoded, report = update(V1, UPDATABLE, quality=30, **options)
    fresh = nntc.encode_bytes(V1, quality=30)[0]
    assert len(coded) < 0.35 * len(fresh)
    assert not report.remarks
    new, found, alone = (arrays(data) for data in (V1, decoded, nntc.decode_bytes(fresh)[None]))
    for name in ("table", "kernel", "dense"):
        assert np.square(found[name] - new[name]).sum() < 1.3 * np.square(alone[name] - new[name]).sum()
    again = update(V0, UPDATABLE, quality=30, **options)[2]
    assert {changes(again)[name] for name in ("table", "kernel", "dense")} == {"same"}


def test_updates_of_a_merged_file_are_on_its_grid() -> None:
    coded, _, _ = update(V1, UPDATABLE, quality=30)
    merged = nntc.merge_bytes([UPDATABLE, coded])[0]
    later, _, report = update(model(learnt(learnt(OLD), seed=2)), merged, quality=30)
    assert len(later) < 1.2 * len(coded)
    assert {changes(report)[name] for name in ("table", "kernel", "dense")} == {"difference"}

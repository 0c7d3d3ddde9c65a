"""The remark of an update whose bytes are mostly noise of its base."""

from __future__ import annotations

from typing import Any

import nntc
import numpy as np
import pytest

from tests import networks
from tests.whole.test_updates import CODED, OLD, V0, V1, learnt, model, weights

NOISE = "noise of the base"


def remarks(new: bytes, base: bytes, **options: Any) -> str:
    return " ".join(nntc.encode_bytes(new, base=base, **options)[1].remarks)


def test_noise_of_a_lossy_base_is_told_with_its_part() -> None:
    told = remarks(V1, CODED)
    assert NOISE in told
    part = int(told.split("some ")[1].split("%")[0])
    whole = len(nntc.encode_bytes(V1, base=CODED)[0])
    exact = len(nntc.encode_bytes(V1, base=CODED, base_exact=V0)[0])
    assert abs(part / 100 - (1 - exact / whole)) < 0.2


@pytest.mark.parametrize("options", [{"base_exact": V0}, {"refine": True}, {"method": "lossless"}])
def test_who_has_the_exact_base_or_wants_its_noise_gone_is_told_nothing(options: dict[str, Any]) -> None:
    assert NOISE not in remarks(V1, CODED, **options)


def test_a_base_that_has_lost_nothing_has_no_noise() -> None:
    assert NOISE not in remarks(V1, nntc.encode_bytes(V0, method="lossless")[0])
    assert NOISE not in remarks(V1, V0)


def test_a_base_on_a_grid_leaves_no_noise() -> None:
    assert NOISE not in remarks(V1, nntc.encode_bytes(V0, updatable=True)[0])


def test_changes_far_above_the_noise_are_no_noise() -> None:
    large = model(learnt(OLD, 0.2))
    assert NOISE not in remarks(large, nntc.encode_bytes(V0, quality=50)[0], quality=50)


def test_a_small_part_of_what_is_mostly_fresh_is_not_worth_a_word() -> None:
    """As of silero-vad: a table is what it was, all else was trained anew."""
    table = networks.heavy(np.random.default_rng(3), 40, 32)
    old, new = (model({**weights(seed), "table": table, "kept": table.T.copy()}) for seed in (0, 7))
    base = nntc.encode_bytes(old, quality=30)[0]
    assert NOISE not in remarks(new, base, quality=30)

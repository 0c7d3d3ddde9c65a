from __future__ import annotations

from typing import Any

import nntc
import numpy as np
import pytest
from nntc.reader.changes import Change, ChangeTotal, change_totals, changes_text
from nntc.reader.info import describe
from numpy.typing import NDArray

from tests.networks import heavy, using

Weights = dict[str, NDArray[Any]]


def weights(seed: int = 0) -> Weights:
    rng = np.random.default_rng(seed)
    return {
        "table": heavy(rng, 90, 32),
        "kernel": heavy(rng, 48, 16, 3, 3),
        "dense": heavy(rng, 64, 200),
        "bias": heavy(rng, 200),
        "few": np.arange(40, dtype=np.int64),
    }


OLD = weights()
MOVED = {
    **OLD,
    "table": OLD["table"] + np.outer(np.arange(90) % 7, np.arange(32) % 5).astype(np.float32) / 300,
}
NOISY = {**MOVED, "kernel": OLD["kernel"] + heavy(np.random.default_rng(1), 48, 16, 3, 3) / 8}
LONGER = {**OLD, "table": np.concatenate([OLD["table"], heavy(np.random.default_rng(5), 20, 32)])}
OTHER = {**weights(5), "few": OLD["few"], "table": OLD["table"]}


def totals(new: Weights, **options: Any) -> tuple[dict[Change, ChangeTotal], tuple[str, ...]]:
    """Return what a file tells of changes, by kind, and what its encoder told."""
    old = bytes(using(**OLD).SerializeToString())
    data, report = nntc.encode_bytes(using(**new), base=old, **options)
    with nntc.open(data, base=old) as container:
        found = describe(container).changes
    assert tuple(changes_text(found)) == report.changes
    return {total.change: total for total in found}, report.changes


@pytest.mark.parametrize("new", [OLD, MOVED, NOISY, OTHER, LONGER])
@pytest.mark.parametrize("options", [{}, {"method": "lossless"}])
def test_all_elements_have_a_kind(new: Weights, options: dict[str, Any]) -> None:
    found, _ = totals(new, **options)
    assert sum(total.elements for total in found.values()) == sum(array.size for array in new.values())


def test_each_tensor_has_its_kind() -> None:
    found, _ = totals(NOISY)
    assert found[Change.LOW_RANK][1:3] == (1, OLD["table"].size)
    assert found[Change.DIFFERENCE][1:3] == (1, OLD["kernel"].size)
    assert found[Change.SAME][1:] == (3, sum(OLD[name].size for name in ("dense", "bias", "few")), 0)
    assert 0 < found[Change.LOW_RANK].bytes < OLD["table"].size


def test_bit_patterns_that_differ_are_a_kind_of_their_own() -> None:
    found, _ = totals(NOISY, method="lossless")
    assert set(found) == {Change.SAME, Change.LOSSLESS}


def test_new_rows_are_fresh_beside_old_ones() -> None:
    found, _ = totals(LONGER, method="lossless")
    assert found[Change.FRESH][1:3] == (1, 20 * 32)
    assert found[Change.SAME].tensors == len(OLD)


def test_what_was_trained_anew_is_called_so() -> None:
    _, lines = totals(OTHER)
    fresh = sum(OLD[name].size for name in ("kernel", "dense", "bias"))
    whole = sum(array.size for array in OLD.values())
    assert lines[-1] == f"mostly trained anew: {fresh:,} of {whole:,} weights are sent fresh"
    assert not any("anew" in line for line in totals(NOISY)[1])


@pytest.mark.parametrize(("fresh", "is_anew"), [(49, False), (50, True), (100, True), (0, False)])
def test_half_of_the_elements_are_most(fresh: int, is_anew: bool) -> None:
    parts = [(Change.SAME, 100 - fresh, 0.0), (Change.FRESH, fresh, 5.0)]
    lines = list(changes_text(change_totals(part for part in parts if part[1])))
    assert any("anew" in line for line in lines) == is_anew


def test_a_file_of_its_own_has_no_changes() -> None:
    with nntc.open(nntc.encode_bytes(using(**OLD))[0]) as container:
        assert describe(container).changes == ()

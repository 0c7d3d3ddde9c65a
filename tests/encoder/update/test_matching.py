"""Tensors of a new model and those of the base that they came from."""

from __future__ import annotations

from typing import Any

import numpy as np
from nntc.encoder.split import open_model
from nntc.encoder.update.matching import find_matches
from numpy.typing import NDArray

from tests import networks
from tests.encoder.tensors import normal

Array = NDArray[Any]


def matches(new: dict[str, Array], base: dict[str, Array]) -> dict[str, str]:
    """Return names by name."""
    opened = [open_model(networks.using(**own).SerializeToString()) for own in (new, base)]
    found = find_matches(*opened)
    return {opened[0].payloads[i].name: opened[1].payloads[k].name for i, k in found.items()}


A, B = normal(20, 30, seed=1), normal(20, 30, seed=2)


def moved(array: Array) -> Array:
    changed: Array = (array + 0.01 * normal(*array.shape, seed=9)).astype(array.dtype)
    return changed


def test_names_tell_where_values_are_alike() -> None:
    assert matches({"a": moved(A), "b": moved(B)}, {"a": A, "b": B}) == {"a": "a", "b": "b"}


def test_content_tells_where_names_do_not() -> None:
    assert matches({"x": moved(B), "y": moved(A)}, {"a": A, "b": B}) == {"x": "b", "y": "a"}
    assert matches({"a": moved(B), "b": moved(A)}, {"a": A, "b": B}) == {"a": "b", "b": "a"}


def test_the_same_bytes_are_found_under_any_name_the_own_first() -> None:
    assert matches({"x": A, "b": B}, {"z": A, "b": B, "c": B}) == {"x": "z", "b": "b"}
    assert matches({"c": B}, {"b": B, "c": B}) == {"c": "c"}


def test_what_has_nothing_in_common_has_no_match() -> None:
    assert matches({"a": normal(20, 30, seed=5)}, {"a": A}) == {}


def test_other_types_and_other_numbers_of_rows() -> None:
    half = moved(A).astype(np.float16)
    assert matches({"a": half}, {"a": A}) == {"a": "a"}
    assert matches({"x": half}, {"a": A, "b": B}) == {"x": "a"}
    taller = np.concatenate([moved(A), normal(5, 30)])
    assert matches({"a": taller}, {"a": A}) == {"a": "a"}
    assert matches({"x": taller}, {"b": B, "a": A}) == {"x": "a"}
    assert matches({"a": moved(A)[:12]}, {"a": A}) == {"a": "a"}


def test_integers_match_by_name_or_bytes() -> None:
    numbers = np.arange(50)
    assert matches({"a": numbers + 1}, {"a": numbers}) == {"a": "a"}
    assert matches({"x": numbers}, {"a": numbers}) == {"x": "a"}
    assert matches({"x": numbers + 1}, {"a": numbers}) == {}


def test_values_that_are_not_finite_are_no_matter() -> None:
    broken = moved(A)
    broken[0, :3] = np.nan, np.inf, -np.inf
    assert matches({"a": broken}, {"a": A}) == {"a": "a"}
    zeros = np.zeros((20, 30), np.float32)
    assert matches({"a": zeros}, {"a": zeros}) == {"a": "a"}

"""The options themselves: each declared, named for callers, and replaced together where they are aims."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest
from nntc.encoder.options import ChosenOptions, Options, check_options
from nntc.encoder.options.options import aims


def test_callers_name_the_fields_there_are() -> None:
    assert list(ChosenOptions.__annotations__) == [own.name for own in fields(Options)]


@pytest.mark.parametrize("chosen", [{"quality": 20}, {"ratio": 9}, {"bits": 5}, {"target_size": 9999}])
def test_another_aim_takes_the_place_of_the_one_before(chosen: dict[str, float]) -> None:
    options = check_options(exact="a*", **chosen)
    for other, name, value in ((options.at(33.0), "quality", 33.0), (options.at_size(77), "target_size", 77)):
        assert {aim for aim in aims() if getattr(other, aim) is not None} == {name}
        assert getattr(other, name) == value
        assert other.exact == ("a*",)


def test_a_limit_on_outputs_is_a_goal() -> None:
    assert Options().goal is None
    goal = Options(min_agreement=0.9).goal
    assert goal is not None
    assert goal.kind == "min_agreement"


def test_only_what_changes_nothing_is_lossless() -> None:
    assert Options(method=check_options(method="lossless").method).is_lossless
    assert check_options(method="deep").is_lossless
    assert not check_options(method="deep", prune=0.1).is_lossless
    assert not check_options(method="deep", bits=3).is_lossless
    assert not check_options(method="dct").is_lossless
    assert not Options().is_lossless


def test_an_executor_is_no_number_of_threads() -> None:
    assert Options(jobs=3).threads == 3
    with ThreadPoolExecutor(2) as executor:
        assert Options(jobs=executor).threads == 1

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.delivery.plan import cheapest
from nntc.delivery.release import FileId, Release

from tests.delivery.releases import decoded, external, file_id, release

FULL = [release("1", 1000), release("2", 1000), release("3", 1000)]
UPDATES = [release("2", 100, base="1"), release("3", 150, base="2")]
GOAL = FULL[-1]


def way(held: list[FileId], releases: list[Release], **chosen: object) -> list[str]:
    plan = cheapest(releases, GOAL, held, **chosen)  # type: ignore[arg-type]
    return [] if plan is None else [step.path.removeprefix("net/stable/") for step in plan.steps]


def test_with_nothing_the_full_file() -> None:
    assert way([], [*FULL, *UPDATES]) == ["3.nntc"]


def test_an_update_a_chain_or_the_full_file_whatever_is_least() -> None:
    assert way([decoded("2")], [*FULL, *UPDATES]) == ["3-from-2.nntc"]
    assert way([decoded("1")], [*FULL, *UPDATES]) == ["2-from-1.nntc", "3-from-2.nntc"]
    assert way([decoded("1")], [*FULL, *UPDATES, release("3", 240, base="1")]) == ["3-from-1.nntc"]
    assert way([decoded("1")], [*FULL, *UPDATES, release("3", 260, base="1")]) == [
        "2-from-1.nntc",
        "3-from-2.nntc",
    ]
    assert way([decoded("1")], [*FULL[:2], release("3", 200), *UPDATES]) == ["3.nntc"]


def test_a_small_full_file_and_its_update_may_be_less_than_the_full_file() -> None:
    assert way([], [release("1", 10), release("3", 10, base="1"), GOAL]) == ["1.nntc", "3-from-1.nntc"]


def test_of_equal_ways_the_shorter() -> None:
    assert way([decoded("1")], [GOAL, *UPDATES, release("3", 250, base="1")]) == ["3-from-1.nntc"]


def test_what_was_fetched_costs_nothing() -> None:
    fetched = {GOAL.file.sha256: 900}
    assert way([decoded("2")], [*FULL, *UPDATES], fetched=fetched) == ["3.nntc"]
    plan = cheapest([*FULL, *UPDATES], GOAL, [decoded("2")], fetched)
    assert plan is not None
    assert (plan.missing, plan.kind) == (100, "full")


def test_files_that_failed_are_not_used() -> None:
    assert way([decoded("2")], [*FULL, *UPDATES], without=[UPDATES[1]]) == ["3.nntc"]
    assert way([decoded("2")], [*UPDATES], without=[UPDATES[1]]) == []


def test_a_base_of_several_files_and_of_files_kept_beside() -> None:
    one = external(release("1", 10), "w.bin")
    both = tuple(output.id for output in one.decoded)
    update = release("3", 5, base="1")
    update = replace(update, base=both)
    assert way([decoded("1")], [update]) == []
    assert way(list(both), [update]) == ["3-from-1.nntc"]
    assert way([both[1]], [update, release("1", 10)]) == ["1.nntc", "3-from-1.nntc"]
    assert way([], [update, one]) == ["1.nntc", "3-from-1.nntc"]


def test_other_models_lead_nowhere() -> None:
    assert way([], [replace(GOAL, name="other")]) == []


def test_what_a_plan_takes() -> None:
    plan = cheapest([*FULL[:2], *UPDATES], FULL[2], [decoded("1")])
    assert plan is not None
    assert (plan.kind, plan.missing, plan.memory) == ("chain", 250, 1 << 20)
    assert plan.disk == 250 + sum(step.decoded_size for step in plan.steps)


versions = st.sampled_from("abcdef")
edges = st.lists(st.tuples(st.sampled_from(["", *"abcdef"]), versions, st.integers(0, 50)), max_size=9)


@given(edges, st.sets(versions, max_size=2), versions)
def test_no_other_way_is_cheaper(found: list[tuple[str, str, int]], held: set[str], goal: str) -> None:
    releases = [
        release(to, cost, base=base, serial=number + 1)
        for number, (base, to, cost) in enumerate(found)
        if base != to
    ]
    target = release(goal)
    plan = cheapest(releases, target, [decoded(version) for version in held])
    costs = []
    for length in range(1, 4):
        for steps in permutations(releases, length):
            known = {decoded(version) for version in held}
            for step in steps:
                if not set(step.base) <= known:
                    break
                known |= {output.id for output in step.decoded}
            else:
                if steps[-1].decoded == target.decoded:
                    costs.append(sum(step.file.length for step in steps))
    if costs:
        assert plan is not None
        assert plan.missing <= min(costs)
    elif plan is not None:
        assert len(plan.steps) > 3
    if plan is not None:
        assert plan.missing == sum(step.file.length for step in plan.steps)


@pytest.mark.parametrize("count", [400])
def test_many_versions(count: int) -> None:
    fulls = [release(str(n), 10_000, serial=n + 1) for n in range(count)]
    updates = [release(str(n + 1), 1, base=str(n), serial=n + 2) for n in range(count - 1)]
    plan = cheapest([*fulls, *updates], fulls[-1], [file_id("other"), decoded("0")])
    assert plan is not None
    assert len(plan.steps) == count - 1

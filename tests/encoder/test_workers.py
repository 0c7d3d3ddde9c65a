"""Workers: the same results in order, wherever the work is done, and events of it."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from nntc.encoder.workers import Workers
from nntc.progress import Phase, ProgressEvent

ITEMS = [(i, 3) for i in range(200)]


@pytest.mark.parametrize("jobs", [1, 4, ThreadPoolExecutor(2)], ids=["here", "threads", "executor"])
def test_results_are_in_order_wherever_the_work_is_done(jobs: int | Executor) -> None:
    events: list[ProgressEvent] = []
    with Workers(jobs, events.append) as workers:
        assert list(workers.map(pow, ITEMS, len(ITEMS))) == [i**3 for i in range(200)]
    assert events[-1].phase is Phase.ENCODING
    assert (events[-1].done, events[-1].total) == (200, 200)


def test_an_error_of_the_work_is_raised_and_ends_it() -> None:
    with pytest.raises(ZeroDivisionError), Workers(3) as workers:
        list(workers.map(divmod, [(1, 1), (1, 0), *[(2, 1)] * 500], 502))


def test_an_executor_of_the_user_stays_open() -> None:
    with ThreadPoolExecutor(1) as executor:
        with Workers(executor) as workers:
            list(workers.map(abs, [(-1,)], 1))
        assert executor.submit(abs, -2).result() == 2


def test_work_can_be_a_part_of_a_phase() -> None:
    events: list[ProgressEvent] = []
    workers = Workers(1, events.append)
    outer = ProgressEvent(Phase.SEARCHING, number=2)
    with workers.during(outer):
        list(workers.map(abs, [(-1,)], 1))
    assert {(event.phase, event.within) for event in events} == {(Phase.ENCODING, outer)}
    assert workers.progress == events.append

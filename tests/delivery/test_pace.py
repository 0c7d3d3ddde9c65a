from __future__ import annotations

import pytest
from nntc.delivery import Network
from nntc.delivery.pace import Pace, Patience, SlowError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_limit_holds_over_time() -> None:
    clock = Clock()
    pace = Pace(Network(limit_rate=1000), clock, clock.sleep)
    for _ in range(100):
        pace.took(500)
    assert 49 <= clock.now - 100 <= 50


def test_without_a_limit_nothing_waits() -> None:
    clock = Clock()
    Pace(Network(), clock, clock.sleep).took(1 << 30)
    assert clock.now == 100


def test_a_server_that_is_too_slow_is_left() -> None:
    clock = Clock()
    pace = Pace(Network(min_rate=10, window=60), clock, clock.sleep)
    for _ in range(100):  # 20 bytes a second
        clock.now += 1
        pace.took(20)
    pace.begin()

    def slowly(seconds: int) -> None:
        for _ in range(seconds):
            clock.now += 1
            pace.took(5)

    with pytest.raises(SlowError, match="only 5 bytes come in a second"):
        slowly(100)
    assert clock.now <= 100 + 100 + 61


def test_a_limit_is_not_taken_for_a_slow_server() -> None:
    clock = Clock()
    pace = Pace(Network(min_rate=1000, limit_rate=100, window=10), clock, clock.sleep)
    for _ in range(100):
        pace.took(50)


def test_pauses_double_up_to_the_longest() -> None:
    pauses: list[float] = []
    patience = Patience(Network(attempts=6, pause=1, longest_pause=5), pauses.append, lambda: 0.0)
    while not patience.is_over:
        patience.wait(gained=False)
    assert pauses == [1, 2, 4, 5, 5]


def test_half_of_a_pause_is_chance() -> None:
    pauses: list[float] = []
    shares = iter([0.0, 1.0, 0.5])
    patience = Patience(Network(attempts=9, pause=8, longest_pause=8), pauses.append, lambda: next(shares))
    for _ in range(3):
        patience.wait(gained=False)
    assert pauses == [8, 4, 6]


def test_what_brings_something_begins_anew() -> None:
    patience = Patience(Network(attempts=2, pause=0), lambda _: None)
    for _ in range(10):
        patience.wait(gained=False)
        assert not patience.is_over
        patience.wait(gained=True)
        assert patience.failed == 0


def test_what_the_server_asks_for_is_kept_within_reason() -> None:
    pauses: list[float] = []
    patience = Patience(Network(attempts=9, pause=1, longest_pause=30), pauses.append, lambda: 0.0)
    patience.wait(gained=False, asked=7)
    patience.wait(gained=False, asked=86_400)
    assert pauses == [7, 30]

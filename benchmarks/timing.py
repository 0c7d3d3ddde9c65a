"""Wall and CPU time of an action. Standard library only: the peers' environments import it too."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Seconds:
    """Wall-clock and this process's CPU seconds."""

    wall: float
    cpu: float


def timed(action: Callable[[], Result], repetitions: int = 1) -> tuple[Result, Seconds]:
    """Run an action once or more; return its last result and the least wall and CPU seconds."""
    wall = cpu = math.inf
    for _ in range(repetitions):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        result = action()
        wall, cpu = min(wall, time.perf_counter() - wall_start), min(cpu, time.process_time() - cpu_start)
    return result, Seconds(wall, cpu)

"""Look for the smallest file whose answers meet a goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

from nntc.encoder.container import CodedFile
from nntc.encoder.goals.evaluation import Evaluator
from nntc.encoder.goals.goal import Goal, GoalReport, GoalTry
from nntc.encoder.goals.measuring import measured
from nntc.encoder.goals.search import Span, search
from nntc.encoder.report import EncodeReport
from nntc.encoder.workers import Workers
from nntc.errors import ModelError
from nntc.progress import Phase, ProgressEvent
from nntc.sources.source import Source

LOWEST, HIGHEST = 2.0, 90.0
"""dB: the range in which a quality is looked for."""
_START = 24.0

Encoding = tuple[CodedFile, EncodeReport]
Tried = Callable[[GoalTry], None]


def reach(
    goal: Goal,
    evaluator: Evaluator,
    encode_at: Callable[[float], Encoding],
    workers: Workers,
    tried: Tried | None = None,
    base: Sequence[Source] = (),
) -> Encoding:
    """Return the smallest encoding found that meets a goal.

    Parameters
    ----------
    goal, evaluator
        What is asked, and what measures it.
    encode_at
        Returns file and report at a quality in dB.
    workers
        What does the work, and reports it as part of a search.
    tried
        Called after each try.
    base
        What decoders of updates need beside them.

    Raises
    ------
    ModelError
        E_GOAL: not even the highest quality meets it.
    """
    best: list[tuple[GoalTry, Encoding]] = []

    numbers = count(1)
    note = ""

    def attempt(quality: float) -> GoalTry:
        nonlocal note
        with workers.during(ProgressEvent(Phase.SEARCHING, number=next(numbers), note=note)):
            file, report, fidelity = measured(evaluator, *encode_at(quality), workers.progress, base)
        this = GoalTry(quality, file.size, fidelity, goal.value(fidelity), goal.excess(fidelity))
        if this.is_met and (not best or this.size < best[0][0].size):
            best[:] = [(this, (file, report))]
        note = f"goal {'met' if this.is_met else 'missed'} with {this.size:,} bytes"
        if tried is not None:
            tried(this)
        return this

    found = search(attempt, Span(LOWEST, HIGHEST, _START, goal.slope))
    if found.best is None:
        last = found.tries[-1]
        raise ModelError(
            "E_GOAL",
            f"{goal.text} cannot be reached: at {last.quality:.0f} dB, the highest quality, "
            f"{goal.describe(last.fidelity)}, on {last.fidelity.samples:,} {evaluator.measured_on} samples",
        )
    file, report = best[0][1]
    reached = GoalReport(goal, found.best, found.tries, evaluator.measured_on)
    return file, replace(report, fidelity=found.best.fidelity, goal=reached)

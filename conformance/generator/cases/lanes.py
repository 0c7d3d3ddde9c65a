"""Many lanes with trellis and contexts: what most weights of real files are (SPEC.md, clauses 8.6 and 9.4).

Decoders with vector instructions take lanes and segments by eights and sixteens: numbers here are those, and
one more and one less, and the last segment is short.
"""

from __future__ import annotations

from itertools import cycle

from conformance.generator.coders import Contexts, Rans
from conformance.generator.fields import noise
from conformance.generator.integers import Integers
from conformance.generator.records import FLOAT32, uniform
from conformance.generator.suite import Suite
from conformance.generator.trellis import Trellis
from conformance.generator.views import View, matrix

LANES = (1, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 75)
SEGMENTS = (7, 31, 33, 37, 100, 127, 128)
CONTEXTS = (1, 5, 64)
COLUMNS = 12
"""Four channels of three positions."""


def add(suite: Suite) -> None:
    """Add a vector for every number of lanes under each trellis and without one."""
    segments, counts = cycle(SEGMENTS), cycle(CONTEXTS)
    for machine, name in ((0, "none"), (1, "four"), (2, "eight")):
        for lanes in LANES:
            _add(suite, name, machine, lanes, next(segments) if machine else 1, next(counts))
        next(counts)  # so that a number of lanes meets another number of contexts


def _add(suite: Suite, name: str, machine: int, lanes: int, segment: int, contexts: int) -> None:
    # Half of the lanes have a second segment, and the last one is short; without trellis 20 tokens and more.
    count = segment * (lanes + lanes // 2) + segment // 2 + 1 if machine else 20 * lanes + lanes // 2 + 1
    rows = -(-count // COLUMNS)
    rows += machine > 0 and rows * COLUMNS % segment == 0
    view = matrix(rows, 4, 3)
    seed = f"lanes {name} {lanes} {segment} {contexts}"
    levels = [(b & 7) - 3 if b < 248 else b - 256 for b in noise(seed, view.size)]
    how = Rans(lanes, contexts=_contexts(view, contexts, seed) if contexts > 1 else None)
    suite.valid(
        f"lanes-{name}-{lanes}-{segment}-{contexts}",
        f"{lanes} lanes, segments of {segment}, {contexts} contexts, {name if machine else 'no'} states",
        "R-445 R-511",
        uniform(
            FLOAT32, view, levels, Integers(how), step=0.25,
            trellis=Trellis(machine, segment) if machine else None,
        ),
    )  # fmt: skip


def _contexts(view: View, count: int, seed: str) -> Contexts:
    rows = [b % count for b in noise(f"{seed} rows", view.rows)]
    return Contexts(count, rows, [0, 2, 1, 0], [1, 0, 1])

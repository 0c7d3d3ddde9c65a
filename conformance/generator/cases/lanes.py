"""Many lanes with trellis and contexts: what most weights of real files are (SPEC.md, clauses 8.6 and 9.4).

Decoders with vector instructions take lanes and segments by eights and sixteens: numbers here are those, and
one more and one less, and the last segment is short. Where they go wrong most: at a token that alone has all
of a table's 4096, at the last lanes of a step, and at lanes that have nothing left to do.
"""

from __future__ import annotations

from itertools import cycle

from conformance.generator.coders import Contexts, Rans
from conformance.generator.fields import noise
from conformance.generator.integers import Integers
from conformance.generator.records import BFLOAT16, FLOAT32, OPAQUE1, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.trellis import Trellis
from conformance.generator.views import View, matrix

LANES = (1, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 75)
SEGMENTS = (7, 31, 33, 37, 100, 127, 128)
CONTEXTS = (1, 5, 64)
ALL_LANES = range(1, 34)
"""Up to two vectors of sixteen and one more."""
COLUMNS = 12
"""Four channels of three positions."""


def add(suite: Suite) -> None:
    """Add a vector for every number of lanes under each trellis and without one."""
    segments, counts = cycle(SEGMENTS), cycle(CONTEXTS)
    for machine, name in ((0, "none"), (1, "four"), (2, "eight"), (3, "128")):
        for lanes in LANES:
            _add(suite, name, machine, lanes, next(segments) if machine else 1, next(counts))
        next(counts)  # so that a number of lanes meets another number of contexts
    for lanes in ALL_LANES:
        _lone(suite, lanes)
        _lone_with_trellis(suite, lanes)


def _lone(suite: Suite, lanes: int) -> None:
    """Every third token and all of the last step have a table of one token; lanes are idle in that step."""
    idle = lanes // 3
    count = 7 * lanes - idle
    alone = [i % 3 == 0 or i >= 6 * lanes for i in range(count)]
    tokens = bytes(9 if one else b & 7 for one, b in zip(alone, noise(f"lone {lanes}", count), strict=True))
    how = Rans(lanes, contexts=Contexts(2, [int(one) for one in alone]))
    suite.valid(
        f"lone-token-{lanes}", f"{lanes} lanes, {idle} of them idle at the end; a token has a table alone",
        "R-445 R-460 R-511",
        planes(OPAQUE1, matrix(count), tokens, [how]),
    )  # fmt: skip


def _lone_with_trellis(suite: Suite, lanes: int) -> None:
    """Segments of five: one lane has a second one, of one level; half of the rows have one level alone."""
    segment = 5
    view = matrix(segment * lanes + 1)
    noisy = noise(f"lone trellis {lanes}", view.size)
    levels = [0 if i % 2 or i >= segment * lanes else (b & 7) - 3 for i, b in enumerate(noisy)]
    how = Rans(lanes, contexts=Contexts(2, [int(i % 2 or i >= segment * lanes) for i in range(view.size)]))
    suite.valid(
        f"lone-level-{lanes}", f"{lanes} lanes, one of them with a segment more; a level has tables alone",
        "R-445 R-460 R-511",
        uniform(
            BFLOAT16, view, levels, Integers(how), step=0.5, trellis=Trellis(1 + lanes % 2, segment),
        ),
    )  # fmt: skip


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

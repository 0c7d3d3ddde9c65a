"""Records in which every two tools that can meet do meet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from conformance.generator.coders import CODER_NAMES, Bzip2, Coder, Contexts, Huffman, Packed, Rans, Zstd
from conformance.generator.fields import Chance, noise
from conformance.generator.files import File
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    BFLOAT16,
    CODEBOOK,
    ELEMENT_NAMES,
    EXACT_NAMES,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT8,
    OPAQUE16,
    PLANES,
    TOOL_NAMES,
    UINT8,
    UNIFORM,
    WIDTHS,
    Codes,
    Record,
    Transform,
    codebook,
    planes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.tables import Table, spread
from conformance.generator.trellis import STATES, Trellis
from conformance.generator.views import MATRIX, RAGGED, TRANSPOSED, VIEW_NAMES, View, matrix, ragged

RANS = 1
OPTIONS = (
    "rotate", "contexts", "shared-tables", "lanes", "escapes", "low-bits", "sparse", "trellis-4", "trellis-8",
    "trellis-128", "transform", "mix", "row-codes", "column-codes", "offset", "row-bases",
)  # fmt: skip
MACHINES = {f"trellis-{states}": machine for machine, states in STATES.items()}
MANY = 4000
"""Records drawn, of which few are chosen; more add no pair."""
Pair = frozenset[str]


@dataclass(frozen=True)
class Choice:
    """The tools of a record."""

    tool: int
    element: int
    view: int
    coder: int
    options: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Features of the record that is made."""
        tool, element = TOOL_NAMES[self.tool], ELEMENT_NAMES[self.element]
        return self.options | {tool, element, VIEW_NAMES[self.view], CODER_NAMES[self.coder]}

    @property
    def pairs(self) -> set[Pair]:
        """Every two of its features."""
        return {frozenset(pair) for pair in combinations(sorted(self.names), 2)}


def _allows(tool: int, element: int, view: int, coder: int, options: frozenset[str], option: str) -> bool:
    """Whether a record can have one more option: the rules of SPEC.md, clauses 7 and 8."""
    trellis = options & set(MACHINES)
    goes_with_trellis = tool == UNIFORM and coder == RANS and not options & {"low-bits", "sparse"}
    rules = {
        "rotate": tool == PLANES and element >= FLOAT16,
        "contexts": coder == RANS and "sparse" not in options,
        "shared-tables": coder == RANS,
        "lanes": coder in (RANS, 2),
        "escapes": tool != PLANES,
        "low-bits": tool != PLANES and not trellis,
        "sparse": tool != PLANES and not trellis and "contexts" not in options,
        "trellis-4": goes_with_trellis and not trellis,
        "transform": tool == UNIFORM and view != RAGGED,
        "mix": "transform" in options,
        "row-codes": tool == UNIFORM,
        "column-codes": tool == UNIFORM and view != RAGGED,
        "offset": tool == UNIFORM,
        "row-bases": tool == UNIFORM and view == RAGGED,
    }
    return rules["trellis-4" if option in MACHINES else option]


def choices(chance: Chance, count: int) -> Iterator[Choice]:
    """Yield so many records' tools, whatever the rules allow."""
    elements = {
        PLANES: tuple(EXACT_NAMES),
        CODEBOOK: tuple(e for e in EXACT_NAMES if e != OPAQUE16),
        UNIFORM: (INT8, UINT8, FLOAT16, BFLOAT16, FLOAT32, FLOAT64),
    }
    for _ in range(count):
        tool = chance.one_of((PLANES, CODEBOOK, UNIFORM, UNIFORM))
        element = chance.one_of(elements[tool])
        view = chance.one_of((MATRIX, TRANSPOSED, RAGGED))
        coder = chance.one_of((0, RANS, RANS, 2, 3, 4))
        options: frozenset[str] = frozenset()
        start = chance.below(len(OPTIONS))
        for i in range(2 * len(OPTIONS)):
            option = OPTIONS[(start + i) % len(OPTIONS)]
            if chance.hit(30) and _allows(tool, element, view, coder, options, option):
                options |= {option}
        yield Choice(tool, element, view, coder, options)


def all_pairs() -> set[Pair]:
    """Return every pair of features that a record can have."""
    return {pair for choice in choices(Chance("all pairs"), MANY) for pair in choice.pairs}


def chosen() -> list[Choice]:
    """Return few records that have all pairs together."""
    candidates = {choice.names: choice for choice in choices(Chance("pairs"), MANY)}
    pairs = {names: choice.pairs for names, choice in candidates.items()}
    left = set().union(*pairs.values())
    found = []
    while left:
        best = max(pairs, key=lambda names: (len(pairs[names] & left), sorted(names)))
        found.append(candidates[best])
        left -= pairs[best]
        pairs = {names: own for names, own in pairs.items() if own & left}
    return found


def add(suite: Suite) -> None:
    """Add the records."""
    for number, choice in enumerate(chosen()):
        tables = [spread(0, 64), spread(0, 256), *[spread(0, 256)] * 8]
        shared = tables if "shared-tables" in choice.options else []
        record = _record(choice, Chance(f"pair {number}"), shared)
        missing = choice.names - record.features
        if missing:
            raise ValueError(f"pair {number} lacks {missing}")
        suite.valid(
            f"pairs-{number}", "tools that meet: " + " ".join(sorted(choice.names)), "R-500",
            file=File([record], tables=shared),
        )  # fmt: skip


def _view(choice: Choice) -> View:
    if choice.view == RAGGED:
        return ragged([5, 1, 9, 9])
    return matrix(3, 2, 4, transposed=choice.view == TRANSPOSED)


def _coder(choice: Choice, view: View) -> Coder:
    lanes = 3 if "lanes" in choice.options else 1
    if choice.coder == RANS:
        contexts = None
        if "contexts" in choice.options:
            rows = [r % 3 for r in range(view.rows)]
            contexts = Contexts(3, rows) if view.kind == RAGGED else Contexts(4, rows, [1, 0], [0, 1, 1, 0])
        return Rans(lanes, base=1 if "shared-tables" in choice.options else None, contexts=contexts)
    coders: dict[int, Coder] = {0: Packed(8), 2: Huffman(lanes), 3: Bzip2(), 4: Zstd()}
    return coders[choice.coder]


def _record(choice: Choice, chance: Chance, shared: list[Table]) -> Record:
    view = _view(choice)
    coder = _coder(choice, view)
    size = view.size
    if choice.tool == PLANES:
        data = noise(f"{sorted(choice.names)}", size * WIDTHS[choice.element])
        rotate = "rotate" in choice.options
        return planes(choice.element, view, data, [coder], rotate=rotate, shared=shared)
    values = [chance.between(0, 20) for _ in range(size)]
    if "low-bits" in choice.options or "escapes" in choice.options:
        values = [v if chance.hit(70) else v + 40 * chance.below(16) for v in values]
        values[5] = 637 if choice.tool == CODEBOOK else 1001
    values[2] = 1
    if choice.tool == UNIFORM:
        values = [v - 2 * (i % 7) for i, v in enumerate(values)]
    sparse = None
    if "sparse" in choice.options:
        places = tuple(i for i in range(size) if i == 5 or chance.hit(40))
        values = [v if i in places else 3 for i, v in enumerate(values)]
        sparse = Sparse(3, places, Packed())
    how = _how(choice, coder, sparse, values)
    if choice.tool == CODEBOOK:
        width = WIDTHS[choice.element]
        count = min(640, 256**width)
        values = [v % count for v in values]
        if count < 640:
            how = _how(choice, coder, sparse, values)
        return codebook(choice.element, view, range(count), values, how, shared=shared)
    return _uniform(choice, view, values, how, shared)


def _how(choice: Choice, coder: Coder, sparse: Sparse | None, values: list[int]) -> Integers:
    low_bits = 2 if "low-bits" in choice.options else 0
    escape = "escapes" in choice.options
    # The least integer that is coded is an escape, if there are any.
    lo = min(values[i] for i in (sparse.places if sparse else range(len(values)))) >> low_bits
    lo -= lo % 2
    return Integers(coder, lo + 4 * escape, low_bits, escape, sparse)


def _uniform(choice: Choice, view: View, levels: list[int], how: Integers, shared: list[Table]) -> Record:
    options = choice.options
    trellis = next((Trellis(machine, 7) for name, machine in MACHINES.items() if name in options), None)
    if trellis is not None:
        # Escapes are odd; even levels are within reach of lo.
        low, high = how.lo or 0, (how.lo or 0) + 254
        levels = [v if v % 2 or low <= v <= high else v + 1 for v in levels]
    transform = None
    if "transform" in options:
        transform = Transform(2, 1, 1) if "mix" in options else Transform(2, 2)
    return uniform(
        choice.element, view, levels, how, step=2.0**-16, offset=0.125 if "offset" in options else None,
        transform=transform,
        row_codes=Codes(tuple(range(view.rows))) if "row-codes" in options else None,
        column_codes=Codes(tuple(range(view.columns))) if "column-codes" in options else None,
        bases=[5, -9, 0, 100] if "row-bases" in options else None, trellis=trellis, shared=shared,
    )  # fmt: skip

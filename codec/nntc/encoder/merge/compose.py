"""Two recipes made into one: an update's, with that of its base put in place of the base.

Ranges of the base become what makes these bytes there. A difference to elements that a record makes becomes
another record on top of it; one to elements that are themselves in a base is moved there. Everything else
that an update changes is lost: it has to be decoded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from nntc.encoder.merge.layers import Coded
from nntc.encoder.merge.recipe import Lost, Part, Range, Recipe, Stretch, Unmergeable
from nntc.encoder.merge.slices import as_elements, some_parts
from nntc.encoder.store import Store
from nntc.errors import FormatError
from nntc.format.graph import MAX_SPLICES
from nntc.format.record import MAX_RECORDS


def check_base(old: Recipe, new: Recipe, number: int) -> None:
    """Check that a file is an update of what the one before gives.

    Parameters
    ----------
    old, new
        Recipes of the older file and of the update.
    number
        Of the update among the files that are merged, from 1.

    Raises
    ------
    FormatError
        E_BASE: it is not.
    """
    if not new.bases:
        message = f"file {number} is no update: it needs nothing of the files before it"
        raise FormatError("E_BASE", message)
    if any(base not in old.starts for base in new.bases):
        message = f"file {number} is an update of another version than file {number - 1} gives"
        raise FormatError("E_BASE", message)


def compose(old: Recipe, new: Recipe, store: Store) -> Recipe:
    """Return the recipe of what an update makes of what an older file makes.

    Parameters
    ----------
    old, new
        Recipes of the older file and of the update.
    store
        Where records are put aside.

    Raises
    ------
    Unmergeable
        It would be too long.
    """
    composer = _Composer(old, new, store)
    stretches: list[Stretch] = []
    for stretch in new.stretches:
        stretches += composer.stretches(stretch)
        if len(stretches) > MAX_SPLICES:
            raise Unmergeable("too many pieces")
    profile, extras = max(old.profile, new.profile), old.extras | new.extras
    return Recipe(old.bases, new.files, stretches, profile, extras)


class _Composer:
    def __init__(self, old: Recipe, new: Recipe, store: Store) -> None:
        self._old, self._store = old, store
        self._base_ends = list(accumulate(base.size for base in new.bases))
        self._bases = new.bases
        self._done: dict[int, list[Stretch]] = {}  # by payload of the update, its parts

    def stretches(self, stretch: Stretch) -> Iterator[Stretch]:
        """Yield what takes the place of a stretch of the update."""
        if isinstance(stretch, Range):
            yield from self._expand(stretch.start, stretch.length)
        elif isinstance(stretch, Part) and stretch.coded.base is not None:
            key = id(stretch.coded)
            if key not in self._done:
                self._done[key] = self._changed(stretch.coded)
            yield self._done[key][stretch.number]
        else:
            yield stretch

    def _expand(self, start: int, length: int) -> Iterator[Stretch]:
        """Yield what a range of the base is made of."""
        file = bisect_right(self._base_ends, start)
        base = self._bases[file]
        return self._old.expand(self._old.starts[base] + start - (self._base_ends[file] - base.size), length)

    def _changed(self, coded: Coded) -> list[Stretch]:
        """Return the parts of a payload that changes the base."""
        base = coded.base
        if base is None:
            raise ValueError("nothing of a base is changed")
        counts = coded.view.parts
        origins: list[Stretch | None] = []
        for start, count in zip(base.starts, counts, strict=True):
            found = list(self._expand(start, count * base.element.width))
            origins.append(found[0] if len(found) == 1 else None)
        groups: dict[tuple[int, int], list[int]] = {}  # parts by what they change
        seen: Counter[Stretch | None] = Counter()
        for number, origin in enumerate(origins):
            key = int(isinstance(origin, Range)), 0
            if isinstance(origin, Part):  # a second change of the same part has a payload of its own
                key = id(origin.coded), seen[origin]
                seen[origin] += 1
            groups.setdefault(key, []).append(number)
        made: list[Stretch] = [Lost(size, coded.element) for size in coded.parts]
        for numbers in groups.values():
            whole = self._on_top(coded, numbers, [origins[number] for number in numbers])
            if whole is not None:
                for place, number in enumerate(numbers):
                    made[number] = Part(whole, place, made[number].length)
        return made

    def _on_top(self, coded: Coded, numbers: list[int], origins: list[Stretch | None]) -> Coded | None:
        """Return parts of a payload as changes of what the older file makes, all of it by one payload."""
        ranges = [own for own in origins if isinstance(own, Range)]
        parts = [own for own in origins if isinstance(own, Part)]
        base = coded.base
        if base is None or (not ranges and not parts):
            return None
        if ranges:
            upper = some_parts(coded, numbers, self._store)
            return None if upper is None else upper.at([own.start for own in ranges])
        places = [own.number for own in parts]
        if base.element is not coded.element:
            return None
        below = as_elements(parts[0].coded, coded.element, self._store)
        if below is None or len(below.layers) + len(coded.layers) > MAX_RECORDS:
            return None
        lower = some_parts(below, places, self._store)
        upper = None if lower is None else some_parts(coded, numbers, self._store)
        return None if lower is None or upper is None else upper.on(lower.layers)

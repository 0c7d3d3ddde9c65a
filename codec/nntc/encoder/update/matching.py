"""Matches of tensors with those of the base that they came from: by bytes, by name, by shape and content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.split import Payload, SplitSource, element_type
from nntc.format.patterns import values_of
from nntc.format.registry import ElementType

_SAMPLE = 512
"""Elements of a tensor that are compared."""
ALIKE = 0.5
"""Power of a difference, relative to the tensor's, up to which it may be a change of the other."""
_TOGETHER = 1 << 11
"""Tensors of one shape that are all compared with each other; of more, each with those near it in order."""


def find_matches(new: SplitSource, base: SplitSource) -> dict[int, int]:
    """Return for payloads of a model, by number, those of the base that they are, or may be made from.

    Both are the same number of elements, but for what has more or fewer rows. A tensor of the base may be
    that of several; values that have nothing in common are no match, names that are the same or not.
    """
    return _Matching(new, base).found


class _Matching:
    def __init__(self, new: SplitSource, base: SplitSource) -> None:
        self._new, self._base = new, base
        self._samples: dict[tuple[int, int, int], NDArray[np.float64]] = {}
        self.found = self._same()
        self._by_name()
        self._by_content()

    def _same(self) -> dict[int, int]:
        """Match what has the same bytes, that of the same name first."""
        lengths = {payload.length for payload in self._base.payloads}
        digests: dict[tuple[ElementType, bytes], list[int]] = defaultdict(list)
        wanted = {payload.length for payload in self._new.payloads} & lengths
        for number, payload in enumerate(self._base.payloads):
            if payload.length in wanted:
                key = element_type(payload.data_type), self._base.stretch(payload).digest()
                digests[key].append(number)
        found = {}
        for number, payload in enumerate(self._new.payloads):
            if payload.length in wanted:
                key = element_type(payload.data_type), self._new.stretch(payload).digest()
                choices = digests.get(key, ())
                named = [i for i in choices if set(payload.names) & set(self._base.payloads[i].names)]
                if choices:
                    found[number] = (*named, *choices)[0]
        return found

    def _by_name(self) -> None:
        """Match what has the same name and goes together."""
        named: dict[str, int] = {}
        for number, payload in enumerate(self._base.payloads):
            for name in payload.names:
                if name:
                    named.setdefault(name, number)
        for number, payload in enumerate(self._new.payloads):
            if number in self.found:
                continue
            choices = [named[name] for name in payload.names if name in named]
            for other in choices:
                if self._goes_with(payload, self._base.payloads[other]) and self._are_alike(number, other):
                    self.found[number] = other
                    break

    def _by_content(self) -> None:
        """Match what is left of floating-point tensors with what is most like it."""
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for number, payload in enumerate(self._base.payloads):
            if element_type(payload.data_type).is_float:
                groups[payload.dims].append(number)
        left: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for number, payload in enumerate(self._new.payloads):
            if number not in self.found and element_type(payload.data_type).is_float:
                left[payload.dims].append(number)
        for dims, numbers in left.items():
            for number, others in _near(numbers, groups.get(dims, ())):
                distances = [self._distance(number, other) for other in others]
                if distances and min(distances) <= ALIKE:
                    self.found[number] = others[int(np.argmin(distances))]
        self._taller(left, groups)

    def _taller(
        self, left: Mapping[tuple[int, ...], list[int]], groups: Mapping[tuple[int, ...], list[int]]
    ) -> None:
        """Match tables with others of the same columns: rows were added, or taken away."""
        by_row: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for dims, numbers in groups.items():
            if len(dims) > 1:
                by_row[dims[1:]] += numbers
        for dims, numbers in left.items():
            for number in numbers if len(dims) > 1 else ():
                if number not in self.found:
                    others = by_row.get(dims[1:], [])[:_TOGETHER]
                    distances = [self._distance(number, other) for other in others]
                    if distances and min(distances) <= ALIKE:
                        self.found[number] = others[int(np.argmin(distances))]

    def _goes_with(self, payload: Payload, other: Payload) -> bool:
        one, two = element_type(payload.data_type), element_type(other.data_type)
        if one is not two and not (one.is_float and two.is_float):
            return False
        if prod(payload.dims) == prod(other.dims):
            return True
        return len(payload.dims) > 1 and payload.dims[1:] == other.dims[1:]

    def _are_alike(self, number: int, other: int) -> bool:
        is_float = element_type(self._new.payloads[number].data_type).is_float
        return not is_float or self._distance(number, other) <= ALIKE

    def _distance(self, number: int, other: int) -> float:
        """Return the power of the difference relative to that of the base's tensor, of a sample."""
        sizes = [prod(self._new.payloads[number].dims), prod(self._base.payloads[other].dims)]
        count = min(sizes)
        one, two = self._sample(self._new, number, count), self._sample(self._base, other, count)
        is_finite = np.isfinite(one) & np.isfinite(two)
        one, two = one[is_finite], two[is_finite]
        largest = float(np.abs(two).max(initial=0.0))
        if not largest:
            return 0.0 if not one.any() else np.inf
        with np.errstate(over="ignore"):
            one, two = one / largest, two / largest
            return float(np.square(one - two).sum() / np.square(two).sum())

    def _sample(self, source: SplitSource, number: int, count: int) -> NDArray[np.float64]:
        """Return some of the first `count` elements of a payload."""
        key = int(source is self._base), number, count
        if key not in self._samples:
            payload = source.payloads[number]
            element = element_type(payload.data_type)
            data = source.stretch(payload).part(0, count * element.width).read()
            patterns = np.frombuffer(data, f"<u{element.width}")[:: max(1, count // _SAMPLE)]
            self._samples[key] = values_of(np.ascontiguousarray(patterns), element)
        return self._samples[key]


def _near(numbers: Sequence[int], others: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield each number with those to compare it with: all, or of very many those at a like place."""
    for at, number in enumerate(numbers):
        if len(others) <= _TOGETHER:
            yield number, others
        else:
            middle = at * len(others) // len(numbers)
            first = max(0, min(middle - _TOGETHER // 2, len(others) - _TOGETHER))
            yield number, others[first : first + _TOGETHER]

"""Layers: records of a section that can be moved to another file, and put on top of each other.

A record refers to its file in two places: to shared tables, by their numbers, and to the base, by where
elements begin there. The parser tells where; all other bytes of a record are the same in every file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nntc.decoder.directory import Section as Entry
from nntc.decoder.directory import read_section
from nntc.decoder.entropy.contexts import RansRun, TokenRun
from nntc.decoder.entropy.runs import ParseContext
from nntc.decoder.tensor.difference import BaseElements, Difference
from nntc.decoder.tensor.record import TensorRecord, read_tensor
from nntc.encoder.store import Store, Stored
from nntc.encoder.tensor.difference import Origin
from nntc.format.rans import SHARED_BASE
from nntc.format.registry import ElementType
from nntc.format.tables import FrequencyTable
from nntc.format.view import View
from nntc.sources.source import Source

Tables = Sequence[FrequencyTable]
"""Shared tables of a file; which file's they are is told by identity."""


@dataclass(frozen=True, slots=True)
class SharedRun:
    """A reference to shared tables.

    Parameters
    ----------
    start, end
        Where in the record it stands.
    base, used
        First table, and how many from it on.
    """

    start: int
    end: int
    base: int
    used: int


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A record, put aside.

    Parameters
    ----------
    data
        Its bytes in the file that it comes from.
    context
        Of that file.
    shared
        Its references to shared tables there, in the order in which they stand.
    base
        What of the base it changes; None where it changes what the layer below makes, or makes all itself.
    span
        Where in the record the fields stand, or would, that say so; None for a tool that needs nothing.
    """

    data: Stored
    context: ParseContext
    element: ElementType
    view: View
    shared: tuple[SharedRun, ...]
    base: BaseElements | None
    span: tuple[int, int] | None

    @property
    def is_difference(self) -> bool:
        """Whether it changes elements, and does not make them."""
        return self.span is not None

    def write(self, number: Callable[[Tables, int], int]) -> bytes:
        """Return its bytes for another file, where `number` tells what number a table has."""
        edits = [(r.start, r.end, SHARED_BASE.put(number(self.context.shared, r.base))) for r in self.shared]
        if self.span is not None:
            fields = b""
            if self.base is not None:
                fields = Origin(self.base.element, self.base.starts).write(self.view)
            edits.append((*self.span, fields))
        parts, at, data = [], 0, self.data.read()
        for start, end, new in sorted(edits):
            parts += [data[at:start], new]
            at = end
        return b"".join([*parts, data[at:]])


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A payload: layers, the first one at the bottom; the parts are those of that one."""

    layers: tuple[Layer, ...]

    @property
    def element(self) -> ElementType:
        """Type of all elements."""
        return self.layers[0].element

    @property
    def view(self) -> View:
        """View of the bottom layer."""
        return self.layers[0].view

    @property
    def base(self) -> BaseElements | None:
        """What of the base it changes."""
        return self.layers[0].base

    @property
    def parts(self) -> tuple[int, ...]:
        """Bytes of each part."""
        return tuple(count * self.element.width for count in self.view.parts)

    def on(self, below: Sequence[Layer]) -> Coded:
        """Return it as what changes layers, and not elements of the base any more."""
        return Coded((*below, replace(self.layers[0], base=None), *self.layers[1:]))

    def at(self, starts: Sequence[int]) -> Coded:
        """Return it with another base, in which the elements of each part begin at `starts`."""
        first = self.layers[0]
        if first.base is None:
            raise ValueError("nothing of a base is changed")
        base = replace(first.base, starts=tuple(starts))
        return Coded((replace(first, base=base), *self.layers[1:]))


def read_coded(source: Source, entry: Entry, context: ParseContext, store: Store) -> Coded:
    """Read a section of a file; FormatError where it is at fault."""
    data = read_section(source, entry)
    return coded_of(read_tensor(data, entry.offset, entry.output, context), data, context, store)


def coded_of(record: TensorRecord, data: bytes, context: ParseContext, store: Store) -> Coded:
    """Return the layers of a section that was parsed from its bytes."""
    records = [record, *record.later]
    ends = [own.start for own in records] + [record.start + len(data)]
    layers = []
    for own, (start, end) in zip(records, pairwise(ends), strict=True):
        runs = sorted(_shared(own.content.runs, start), key=lambda run: run.start)
        base, span = None, None
        if isinstance(own.content, Difference):
            base, span = own.content.base, own.content.span
            span = span[0] - start, span[1] - start
        body = store.put(data[start - record.start : end - record.start])
        layers.append(Layer(body, context, own.element, own.view, tuple(runs), base, span))
    return Coded(tuple(layers))


def _shared(runs: Sequence[TokenRun], start: int) -> Iterator[SharedRun]:
    """Yield references to shared tables, those of class lists too."""
    for run in runs:
        if isinstance(run, RansRun):
            if run.shared_at is not None:
                begin, end = run.shared_at
                yield SharedRun(begin - start, end - start, run.parsed.base, run.parsed.used)
            yield from _shared(run.class_runs, start)

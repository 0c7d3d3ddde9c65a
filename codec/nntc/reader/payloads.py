"""Payloads of TENSOR sections in any order: decoded one by one, and several at a time for who reads on.

Decoding many sections together costs little more than decoding one, because rANS is decoded in lockstep. So a
small file is decoded as a whole when the first section is asked for, and whoever asks for a section and then
for the next one gets those after it decoded with it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence

from nntc.arithmetic import in_standard_arithmetic
from nntc.decoder.base import NO_BASE, Base
from nntc.decoder.directory import Section
from nntc.decoder.entropy.runs import Tokens
from nntc.decoder.payloads import BATCH_COST, BATCH_SECTIONS
from nntc.decoder.tensor.record import Payload, TensorRecord, decode_records
from nntc.errors import FormatError
from nntc.forks import tell_after_fork
from nntc.sources.source import BytesSource, FileSource, Source

KEPT_BYTES = 32 << 20
"""Payload bytes of sections that several tensors share, kept until others need the place."""

SMALL_FILE = 8 << 20
"""Payload bytes of all sections up to which they are decoded together, where reading costs nothing."""

Prefetch = Callable[[Iterable[tuple[int, int]]], None]
_Decoded = tuple[TensorRecord, list[Tokens | FormatError]]


class Payloads:
    """Decodes TENSOR sections and keeps what will be asked for again.

    Parameters
    ----------
    sections
        All TENSOR sections.
    parts
        For each of them how many of its parts are used: one with several is kept.
    read
        Reads and checks the record of the section with a number; raises FormatError.
    prefetch
        Called with offset and length of sections that will be read next; None where reading costs nothing.
    base
        What an update changes.
    """

    def __init__(
        self,
        sections: Sequence[Section],
        parts: Sequence[int],
        read: Callable[[int], TensorRecord],
        prefetch: Prefetch | None,
        base: Base = NO_BASE,
    ) -> None:
        self._base = base
        self._sections, self._parts, self._read, self._prefetch = sections, parts, read, prefetch
        self._begin()
        tell_after_fork(self)
        self._is_small = prefetch is None and sum(s.output for s in sections) <= SMALL_FILE

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._shared: OrderedDict[int, Payload] = OrderedDict()
        self._shared_bytes = 0
        self._ahead: dict[int, _Decoded] = {}
        self._next = -1  # the section after the last that was asked for

    def after_fork(self) -> None:
        """Forget what a thread that is no more was changing."""
        if self._lock.locked():
            self._begin()

    def get(self, number: int) -> Payload:
        """Return the payload of a section; what it holds is not to be changed.

        Raises
        ------
        FormatError
            The section is at fault; only that one, whatever else was decoded with it.
        """
        with self._lock:
            if number in self._shared:
                self._shared.move_to_end(number)
                return self._shared[number]
            if number not in self._ahead:
                if self._is_small and self._next < 0:
                    self._decode(range(len(self._sections)))
                elif number == self._next:
                    self._decode(self._following(number))
            if number not in self._ahead:
                self._decode([number])
            self._next = number + 1
            return self._finish(number)

    def several(self, numbers: Iterable[int]) -> Iterator[tuple[int, Payload]]:
        """Yield the payloads of sections, decoded together as far as memory allows, in ascending order."""
        wanted = sorted(set(numbers))
        while wanted:
            with self._lock:
                batch = self._affordable(wanted)
                self._decode([number for number in batch if number not in self._shared])
            for number in batch:
                yield number, self.get(number)
            wanted = wanted[len(batch) :]

    def _following(self, number: int) -> list[int]:
        """Return a section and those after it that are worth decoding together."""
        later = range(number, len(self._sections))
        return self._affordable([n for n in later if n not in self._shared])

    def _affordable(self, numbers: Sequence[int]) -> list[int]:
        """Return as many of the sections as can be decoded together, one at least."""
        cost = 0
        for count, number in enumerate(numbers):
            cost += self._sections[number].output + 4 * self._sections[number].length
            if count and (cost > BATCH_COST or count == BATCH_SECTIONS):
                return list(numbers[:count])
        return list(numbers)

    def _decode(self, numbers: Sequence[int]) -> None:
        """Decode the tokens of sections; one alone that cannot be read raises FormatError."""
        if self._prefetch is not None and len(numbers) > 1:
            self._prefetch((self._sections[n].offset, self._sections[n].length) for n in numbers)
        records = {}
        for number in numbers:
            try:
                records[number] = self._read(number)
            except FormatError:
                if len(numbers) == 1:
                    raise
                # Otherwise it is for whoever asks for that section.
        tokens = decode_records(list(records.values()))
        self._ahead = dict(zip(records, zip(records.values(), tokens, strict=True), strict=True))

    @in_standard_arithmetic
    def _finish(self, number: int) -> Payload:
        """Make the payload of a section whose tokens are decoded."""
        record, tokens = self._ahead.pop(number)
        payload = record.payload(tokens, self._base)
        if self._parts[number] > 1:
            self._shared[number] = payload
            self._shared_bytes += payload.size
            while self._shared_bytes > KEPT_BYTES and len(self._shared) > 1:
                _, old = self._shared.popitem(last=False)
                self._shared_bytes -= old.size
        return payload


def prefetch_of(source: Source) -> Prefetch | None:
    """Return how a source is told what will be read next; None where reading costs nothing."""
    if isinstance(source, FileSource | BytesSource):
        return None
    found: Prefetch = getattr(source, "prefetch", _nothing)
    return found


def _nothing(_spans: Iterable[tuple[int, int]]) -> None:
    """Stand in for `prefetch` of a source that has none."""

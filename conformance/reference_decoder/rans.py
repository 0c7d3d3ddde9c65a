"""Clause 9.4: decoding of rANS tokens, with contexts and trellis rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .coding import Tokens
from .errors import NntcError
from .tables import Table
from .trellis import Trellis
from .views import MatrixView, View


class Classes(Protocol):
    """A class list that can be decoded (clause 8.6)."""

    def decode(self) -> bytes | bytearray: ...


@dataclass(frozen=True, slots=True)
class Rans:
    """rANS symbol data of n tokens. ``class_lists`` is empty if there is one context."""

    offset: int
    n: int
    view: View
    context_count: int
    class_lists: Sequence[Classes]
    tables: list[Table]
    states: list[int]
    words: memoryview
    trellis: Trellis | None

    def _context_of(self) -> Callable[[int], int]:
        """The context of token i, after the class lists have been decoded in stored order."""
        if not self.class_lists:
            return lambda i: 0
        highest = self.context_count - 1
        classes = [one.decode() for one in self.class_lists]
        view = self.view
        if not isinstance(view, MatrixView):
            row_class = classes[0]
            return lambda i: min(row_class[view.row_of(i)], highest)
        row_class, channel_class, position_class = classes
        columns, period = view.columns, view.period

        def context(i: int) -> int:
            r, j = divmod(i, columns)
            c, p = divmod(j, period)
            return min(row_class[r] + channel_class[c] + position_class[p], highest)

        return context

    def decode(self) -> Tokens:
        """The process of clause 9.4 [R-511]."""
        context = self._context_of()
        decoding = [table.decoding for table in self.tables]
        trellis = self.trellis
        T = trellis.segment if trellis else 1
        n = self.n
        lanes = len(self.states)
        segments = -(-n // T)
        words = self.words
        word_bytes = len(words)

        tokens = bytearray(n)
        quantizers = bytearray(n) if trellis else None
        x = list(self.states)  # step 1
        s = [0] * lanes
        w = 0  # step 2; counted in bytes here
        for b in range(-(-segments // lanes)):  # step 3
            for k in range(T):
                for lane in range(lanes):
                    i = (b * lanes + lane) * T + k
                    if i >= n:  # step a
                        break  # i only grows with the lane: all further ones are idle too
                    t = context(i)
                    if trellis and quantizers is not None:
                        if k == 0:  # step b
                            s[lane] = 0
                        quantizers[i] = trellis.q[s[lane]]
                        t = 2 * t + quantizers[i]
                    frequency, start, token_of = decoding[t]  # step c
                    state = x[lane]
                    slot = state & 4095
                    v = token_of[slot]
                    tokens[i] = v
                    state = frequency[v] * (state >> 12) + slot - start[v]
                    if trellis:  # step c2
                        s[lane] = trellis.next[s[lane]][v & 1]
                    if state < 2**16:  # step d
                        if w == word_bytes:
                            raise NntcError("E_ENTROPY", self.offset, "no words left")
                        state = state << 16 | words[w] | words[w + 1] << 8
                        w += 2
                    x[lane] = state
        if w < word_bytes or any(state != 2**16 for state in x):  # step 4
            raise NntcError("E_ENTROPY", self.offset, "words left, or last state")
        return Tokens(tokens, quantizers)

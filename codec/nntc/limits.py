"""Limits on what a `.nntc` file may take: what one is told who handles files of strangers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from time import monotonic
from typing import Any

from nntc.errors import LimitError


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a file may take; None for no limit. Without arguments, what suits files of strangers.

    A file that needs more is refused, memory and output before anything is decoded: with `FormatError`,
    E_MEMORY, as the format has it (SPEC.md, 11.2), for memory and output; with `LimitError`, E_LIMIT, for all
    else. The message says what was needed.

    Parameters
    ----------
    memory
        Bytes that decoding may need by the bound that the file declares.
    output
        Bytes of all output files.
    files
        Output files.
    tensors
        Tensors that are listed: about 2 KiB of memory each.
    fields
        Fields of the graph that are looked at to find them, each of them at most some microseconds.
    seconds
        Wall-clock time; looked at after each tensor, so that one of the largest may go on for longer.

    Raises
    ------
    TypeError
        A limit is no number.
    ValueError
        A limit is negative.
    """

    memory: int | None = 2 << 30
    output: int | None = 64 << 30
    files: int | None = 4096
    tensors: int | None = 1 << 18
    fields: int | None = 1 << 24
    seconds: float | None = 600.0

    def __post_init__(self) -> None:
        for field in fields(self):
            limit = getattr(self, field.name)
            if limit is not None and not isinstance(limit, int | float):
                raise TypeError(f"{field.name} must be a number, not {limit!r}")
            if limit is not None and not limit >= 0:
                raise ValueError(f"{field.name} must not be negative")

    @classmethod
    def of(cls, **chosen: Any) -> Limits:
        """Return limits of what is named, and no others."""
        return replace(NO_LIMITS, **chosen)

    def check(self, name: str, needed: int, what: str) -> None:
        """Raise LimitError if more of a resource is needed than is allowed.

        Parameters
        ----------
        name
            Of the field here.
        needed, what
            How many of what, for people.
        """
        limit = getattr(self, name)
        if limit is not None and needed > limit:
            raise _exceeded(name, f"{needed:,} {what} or more, and {limit:,} are allowed")


NO_LIMITS = Limits(None, None, None, None, None, None)
"""Whatever the format allows."""


class Deadline:
    """Time of one call: `check` raises LimitError when it is over."""

    def __init__(self, limits: Limits) -> None:
        self._seconds = limits.seconds
        self._end = None if limits.seconds is None else monotonic() + limits.seconds

    def check(self) -> None:
        """Raise LimitError if the time is over."""
        if self._end is not None and monotonic() > self._end:
            raise _exceeded("seconds", f"this takes longer than {self._seconds:g} seconds")


def _exceeded(name: str, message: str) -> LimitError:
    return LimitError(f"{message}: allow more with Limits({name}=...) or --max-{name}")

"""Locks, and what they guard, in a process that was forked while another thread held one.

That thread does not exist in the new process: its lock would be held for ever, and what it was changing stay
half changed.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Forgets(Protocol):
    """What can begin anew."""

    def after_fork(self) -> None:
        """Take a new lock, and forget what the old one guarded if somebody held it."""


_OWNERS: WeakSet[Forgets] = WeakSet()


def tell_after_fork(owner: Forgets) -> None:
    """Have an object begin anew in every process that is forked from now on, for as long as it is there."""
    _OWNERS.add(owner)


def _tell() -> None:
    for owner in list(_OWNERS):
        owner.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell)

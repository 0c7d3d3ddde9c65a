"""Ways into the states of a trellis, in the order of a search, which takes the first of equals."""

from __future__ import annotations

from nntc.format.trellis import Machine, Trellis


def ways_into(machine: Machine) -> list[list[tuple[int, int]]]:
    """Return for each state the two that it follows on, each with the parity of the level between.

    They are in order; of 128 states that comes first which an even level leads from.
    """
    ways: list[list[tuple[int, int]]] = [[] for _ in machine.next]
    for state, targets in enumerate(machine.next):
        for parity, target in enumerate(targets):
            ways[target].append((state, parity))
    if machine.trellis is Trellis.MANY_STATES:
        for own in ways:
            own.sort(key=lambda way: way[1])
    return ways

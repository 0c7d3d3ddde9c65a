"""Plans of target files to fetch: the cheapest way from what a device holds to what it shall have.

Versions are the nodes of a graph, target files its edges: a full file leads to its version from anywhere, an
update from each version that has the update's base. The way with the fewest bytes yet to be fetched is looked
for with Dijkstra's algorithm.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nntc.delivery.release import FileId, Release


@dataclass(frozen=True, slots=True)
class Plan:
    """Target files in the order in which they are decoded.

    Parameters
    ----------
    steps
        The files; each needs decoded files that the device holds, or that the step before gives.
    missing
        Bytes of them that are yet to be fetched.
    """

    steps: tuple[Release, ...]
    missing: int

    @property
    def kind(self) -> str:
        """One of `full`, `update` and `chain`, for people."""
        if len(self.steps) > 1:
            return "chain"
        return "full" if self.steps[0].is_full else "update"

    @property
    def disk(self) -> int:
        """Bytes of disk that it takes at most: what is to be fetched, and all that is decoded on the way."""
        return self.missing + sum(step.decoded_size for step in self.steps)

    @property
    def memory(self) -> int:
        """Bytes of memory that decoding takes at most."""
        return max(step.memory for step in self.steps)


def cheapest(
    releases: Sequence[Release],
    goal: Release,
    held: Collection[FileId],
    fetched: Mapping[str, int] | None = None,
    without: Iterable[Release] = (),
) -> Plan | None:
    """Return the cheapest way to what a release decodes to; None if there is no way.

    Of ways that cost the same, the one with fewer steps is taken, so that what is decoded is decoded once.

    Parameters
    ----------
    releases
        All target files that there are.
    goal
        A release: any target file that decodes to the same will do.
    held
        Decoded files that the device has.
    fetched
        SHA-256 of a target file -> bytes of it that have been fetched before.
    without
        Target files that are not to be used: those that have failed.
    """
    fetched, without = fetched or {}, set(without)
    edges = [release for release in releases if release.name == goal.name and release not in without]
    costs = [max(edge.file.length - fetched.get(edge.file.sha256, 0), 0) for edge in edges]
    queue: list[tuple[int, int, tuple[int, ...]]] = [
        (costs[number], 1, (number,)) for number, edge in enumerate(edges) if set(edge.base) <= set(held)
    ]
    heapq.heapify(queue)
    done = set()
    while queue:
        cost, steps, way = heapq.heappop(queue)
        last = edges[way[-1]]
        if last.decoded == goal.decoded:
            return Plan(tuple(edges[number] for number in way), cost)
        if last.decoded in done:  # there is a cheaper way to this version
            continue
        done.add(last.decoded)
        within = {output.id for output in last.decoded}.union(held)
        for number, edge in enumerate(edges):
            if edge.base and edge.decoded not in done and set(edge.base) <= within:
                heapq.heappush(queue, (cost + costs[number], steps + 1, (*way, number)))
    return None

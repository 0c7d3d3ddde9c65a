"""Run the rest of a network from a place in its middle, where all samples have arrived.

What changes in a layer changes nothing before it: trying many changes in layer after layer takes about half
the time this way, and much less where the first layers are the slow ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nntc.encoder.network.network import Network
from nntc.encoder.network.subgraph import Node
from nntc.encoder.samples import Array, Batch, Samples

MAX_BYTES = 1 << 29
"""Memory for the tensors of all samples at a checkpoint (512 MiB)."""


class Checkpoint:
    """Values of all tensors that the rest of a network needs, for every sample.

    Places are counted in the nodes that depend on the network's inputs: place p is before the p-th of them.
    It begins at place 0.

    Parameters
    ----------
    network, samples
        The model and its inputs.
    jobs
        Threads; the results do not depend on them.
    max_bytes
        Memory for the values; where they would take more, the checkpoint stays where it is.
    """

    def __init__(
        self, network: Network, samples: Samples, *, jobs: int = 1, max_bytes: int = MAX_BYTES
    ) -> None:
        self._network, self._jobs, self._max_bytes = network, jobs, max_bytes
        self._nodes = _varying(network)
        self._batches: list[Batch] = list(samples)
        self._replaced: dict[str, Array] = {}

    def first_use(self, constant: str) -> int | None:
        """Return the place of the first node that a constant has an influence on, None without one."""
        derived = {constant}
        varying = {node.path for node in self._nodes}
        for node in self._network.nodes:
            if node.path not in varying and not derived.isdisjoint(node.reads()):
                derived.update(node.proto.output)
        places = (place for place, node in enumerate(self._nodes) if not derived.isdisjoint(node.reads()))
        return next(places, None)

    def advance(self, place: int, replaced: Mapping[str, Array] | None = None) -> None:
        """Go on to a later place.

        Parameters
        ----------
        place
            Where to.
        replaced
            New values of constants, by name, from here on and for good.
        """
        self._replaced.update(replaced or {})
        names = self._needed_at(place)
        computed = [name for name in names if name not in self._batches[0]]
        if not computed:
            self._batches = [{name: batch[name] for name in names} for batch in self._batches]
            return
        outputs = self.run(computed)
        batches: list[Batch] = []
        for batch, values in zip(self._batches, outputs, strict=True):
            if any(getattr(value, "dtype", np.dtype(object)).kind not in "biuf" for value in values):
                return  # sequences and strings cannot be fed again
            known = {name: batch[name] for name in names if name in batch}
            batches.append({**known, **dict(zip(computed, values, strict=True))})
            size = sum(value.nbytes for value in batches[-1].values())
            if size * len(self._batches) > self._max_bytes:
                return
        self._batches = batches

    def run(
        self, outputs: Sequence[str] | None = None, replaced: Mapping[str, Array] | None = None
    ) -> Iterator[list[Array]]:
        """Yield the network's outputs, or other tensors, for every sample.

        Parameters
        ----------
        outputs
            Names of tensors; by default the network's outputs.
        replaced
            New values of constants, by name, this time only.
        """
        first = self._batches[0]
        # Tensors that are there already need no session.
        wanted = list(self._network.outputs if outputs is None else outputs)
        computed = [name for name in wanted if name not in first]
        if not computed:
            yield from ([batch[name] for name in wanted] for batch in self._batches)
            return
        session = self._network.session(
            computed, given=first, replaced={**self._replaced, **(replaced or {})}
        )
        for batch, values in zip(self._batches, session.run_all(self._batches, self._jobs), strict=True):
            known = {**batch, **dict(zip(computed, values, strict=True))}
            yield [known[name] for name in wanted]

    def _needed_at(self, place: int) -> list[str]:
        """Return the tensors that the nodes from a place on need and do not make, and outputs made before."""
        made = {entry.name for entry in self._network.inputs}
        made.update(name for node in self._nodes[:place] for name in node.proto.output)
        read = {name for node in self._nodes[place:] for name in node.reads()} | set(self._network.outputs)
        return sorted(made & read)


def _varying(network: Network) -> list[Node]:
    """Return the nodes that depend on the network's inputs, in order."""
    varying = {entry.name for entry in network.inputs}
    nodes = []
    for node in network.nodes:
        # Random generators have no inputs and still give other values every time.
        if not varying.isdisjoint(node.reads()) or node.proto.op_type.startswith("Random"):
            nodes.append(node)
            varying.update(node.proto.output)
    return nodes

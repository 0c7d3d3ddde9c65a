"""Names visible at a node: what they are made of, where values come from and where they go."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping

from nntc.onnx.roles.flow import Constants

Value = tuple[Constants, int]
"""What a value is made of, and where it comes from (bits of `Source`)."""
NOTHING: Value = ((), 0)


class Scope:
    """Names of a graph, and of those around it.

    Parameters
    ----------
    values
        What is known of names.
    is_run
        Whether the nodes are run when the network is.

    Attributes
    ----------
    get
        Returns what is known of a name, or what else is given.
    demands
        Where values go, bits of `Demand` by name.
    """

    __slots__ = ("demands", "get", "is_run", "values")

    def __init__(self, values: ChainMap[str, Value] | None = None, *, is_run: bool = True) -> None:
        self.values: ChainMap[str, Value] = ChainMap() if values is None else values
        self.is_run = is_run
        self.demands: Mapping[str, int] = {}
        # Most graphs have none around them, and a chain is slow.
        self.get: Callable[[str, Value], Value] = (
            self.values.maps[0].get if len(self.values.maps) == 1 else self.values.get
        )

    def inner(self) -> Scope:
        """Return the scope of a graph in this one."""
        return Scope(self.values.new_child(), is_run=self.is_run)

    def set(self, name: str, value: Value) -> None:
        """Note what a name stands for from here on; "" stands for nothing."""
        if name:
            self.values.maps[0][name] = value

    def demand(self, names: tuple[str, ...]) -> int:
        """Return where values go, taken together."""
        found = 0
        for name in names:
            found |= self.demands.get(name, 0)
        return found

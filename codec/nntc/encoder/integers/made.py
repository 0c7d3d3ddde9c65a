"""Account of integers that were made of a float model: by what, how, and what they alone spoil."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nntc.encoder.goals.fidelity import Fidelity


class Kind(StrEnum):
    """How integers are made."""

    STATIC = "static"
    DYNAMIC = "dynamic"
    BLOCKS = "blocks of 32"

    @property
    def text(self) -> str:
        """What it is, for people."""
        return _TEXTS[self]


_TEXTS = {
    Kind.STATIC: "static int8, QDQ: activations in ranges seen on calibration samples",
    Kind.DYNAMIC: "dynamic int8: activations in ranges found as the model runs",
    Kind.BLOCKS: "int4 weights in blocks of 32, MatMulNBits: activations stay as they are",
}


@dataclass(frozen=True, slots=True)
class MadeIntegers:
    """What was made of a float model.

    Parameters
    ----------
    tool
        What made them, with its version, such as `onnxruntime 1.20.1`.
    kind
        How.
    size
        Bytes of the model of integers.
    alone
        How alike that model answers to the float model, before anything of it is coded; None without samples.
    """

    tool: str
    kind: Kind
    size: int
    alone: Fidelity | None = None

    @property
    def text(self) -> str:
        """Tool and kind, short enough for NOTES."""
        name = "int4" if self.kind is Kind.BLOCKS else "int8"
        return f"integers by {self.tool} ({self.kind} {name})"

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it for people."""
        made = f"{self.size:,} bytes as {self.kind.text}, by {self.tool}"
        if self.alone is None:
            return (made,)
        return made, f"these integers alone: {self.alone.lines[0]} {self.alone.on}"

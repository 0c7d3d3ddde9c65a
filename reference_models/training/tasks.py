"""Tasks as training sees them: networks, examples, losses, measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

Run = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Signature:
    """Input and output of a network, for its ONNX file.

    Parameters
    ----------
    example
        An input of one example; the first dimension is the batch's.
    input, output
        Their names.
    """

    example: Tensor
    input: str
    output: str


class Task(Protocol):
    """Something that networks are trained for.

    Attributes
    ----------
    networks
        By name; the first is what is measured.
    signatures
        Of the same names.
    examples
        Number of training examples.
    """

    networks: dict[str, nn.Module]
    signatures: dict[str, Signature]
    examples: int

    def inputs(self, chosen: Tensor) -> Tensor:
        """Return inputs of the first network for the examples of these numbers, int64 (N,)."""

    def losses(self, chosen: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield losses for the examples of these numbers, int64 (N,), one after the other.

        Each is a network's name and its loss, a scalar. The network has made its step before the next loss is
        asked for.
        """

    def measure(self, run: Run) -> dict[str, float]:
        """Measure a function from the first network's input to its output."""


def pixels(images: Tensor) -> Tensor:
    """Turn uint8 pixels into float32 in -1..1, the input of the networks that see images."""
    return images.float() / 127.5 - 1

"""Recurrent layers: inputs for W, the hidden states before each step for R.

https://onnx.ai/onnx/operators/onnx__LSTM.html, also GRU and RNN; steps come first, as onnxruntime wants them.
A GRU that applies its reset gate before the product multiplies part of R with gated states, which are inside
the operator: plain ones stand for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from nntc.encoder.calibration.layers.layer import Array, Floats, LayerInput, Placement, choose
from nntc.format.registry import ViewKind
from nntc.format.view import View
from nntc.onnx.attributes import integer, string


@dataclass(frozen=True)
class StepInput(LayerInput):
    """Inputs of a recurrent layer, step by step.

    Parameters
    ----------
    name
        The sequence, shape (steps, samples, size).
    lengths
        Name of the sequences' lengths, or "".
    length
        Elements of a vector.
    """

    name: str
    lengths: str
    length: int

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of the sequence and of the lengths."""
        return (self.name, self.lengths) if self.lengths else (self.name,)

    @property
    def blocks(self) -> int:
        """One: all directions see the same."""
        return 1

    @property
    def size(self) -> int:
        """Elements of a vector."""
        return self.length

    def vectors(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> tuple[Floats, int]:
        """Return the inputs of randomly chosen steps."""
        x = values[0]
        rows = x[_running(x.shape[:2], values[1] if self.lengths else None)]
        chosen = choose(len(rows), limit * x.shape[1], rng)
        return rows[chosen].astype(np.float32)[None], len(rows)


@dataclass(frozen=True)
class StateInput(LayerInput):
    """Hidden states before each step, from the layer's output of all states.

    Parameters
    ----------
    name
        That output, shape (steps, directions, samples, size).
    lengths, initial
        Names of the sequences' lengths and of the first states, or "".
    directions
        For each whether it goes backwards.
    length
        Elements of a state.
    """

    name: str
    lengths: str
    initial: str
    directions: tuple[bool, ...]
    length: int

    @property
    def tensors(self) -> tuple[str, ...]:
        """Names of the states, the lengths and the first states."""
        return tuple(name for name in (self.name, self.lengths, self.initial) if name)

    @property
    def blocks(self) -> int:
        """Directions."""
        return len(self.directions)

    @property
    def size(self) -> int:
        """Elements of a state."""
        return self.length

    def vectors(self, values: Sequence[Array], limit: int, rng: np.random.Generator) -> tuple[Floats, int]:
        """Return the states before randomly chosen steps."""
        given = dict(zip(self.tensors, values, strict=True))
        states = given[self.name]
        first = given.get(self.initial)
        running = _running((states.shape[0], states.shape[2]), given.get(self.lengths))
        blocks = []
        for direction, backwards in enumerate(self.directions):
            before = np.zeros_like(states[:, direction])
            begin = 0 if first is None else first[direction]
            if backwards:
                before[:-1] = states[1:, direction]
                ends = running.sum(axis=0) - 1  # where each sequence begins, read backwards
                before[ends, np.arange(len(ends))] = begin
            else:
                before[1:] = states[:-1, direction]
                before[0] = begin
            blocks.append(before[running])
        rows = np.stack(blocks)
        chosen = choose(rows.shape[1], limit * states.shape[2], rng)
        return rows[:, chosen].astype(np.float32), rows.shape[1]


def _running(shape: tuple[int, ...], lengths: Array | None) -> Array:
    """Return which steps of which samples are within their sequences, bool, (steps, samples)."""
    steps, samples = shape
    if lengths is None:
        return np.ones((steps, samples), bool)
    return np.arange(steps)[:, None] < np.asarray(lengths)[None, :]


def recurrent(
    node: onnx.NodeProto, index: int, dims: tuple[int, ...], axes: tuple[int, ...] | None
) -> tuple[LayerInput, Placement] | None:
    """Return input and placement of W (input 1) or R (input 2).

    Parts of them (one gate, one direction, before they are concatenated) count as if they were the whole.
    """
    length = dims[-1]
    if len(dims) < 2 or (axes is not None and axes[-1] != len(dims) - 1):
        return None
    view = View(ViewKind.MATRIX, int(np.prod(dims[:-1])), length)
    lengths = _operand(node, 4)
    if index == 1:
        return StepInput(node.input[0], lengths, length), Placement(view)
    if not node.output or not node.output[0] or length != integer(node, "hidden_size", length):
        return None
    directions = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}.get(
        string(node, "direction", "forward")
    )
    if directions is None or (len(directions) > 1 and axes is None):
        return None
    source = StateInput(node.output[0], lengths, _operand(node, 5), directions, length)
    return source, Placement(view)


def _operand(node: onnx.NodeProto, index: int) -> str:
    return node.input[index] if len(node.input) > index else ""

"""Reports of an encoding: of the model, and of each of its tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nntc.encoder.goals.fidelity import Fidelity
from nntc.encoder.goals.goal import GoalReport
from nntc.encoder.integers.made import MadeIntegers
from nntc.encoder.samples.summary import InputSummary
from nntc.reader.changes import Change, change_totals, changes_text

COPIED = "base"
"""Tool of tensors that have no record: an update copies them from its base."""


@dataclass(frozen=True, slots=True)
class TensorReport:
    """How one tensor was coded.

    Parameters
    ----------
    element
        Element type of the container, such as float32.
    size
        Number of elements.
    tool
        planes, codebook, uniform, difference; base for what is copied from there.
    coded_bytes
        Bytes of its TENSOR section, or of its share of one.
    error
        ||decoded - original|| / ||original||, 0 for exact.
    note
        Why it was coded so, where that is not what was asked for.
    detail
        What its record uses, such as `8-state trellis, DCT 3x3, column steps`.
    copies
        Tensors of the model that have these bytes.
    change
        Of an update a `nntc.reader.changes.Change`: same as in the base, low rank (a product of matrices is
        added to it), difference (levels are), lossless difference (of bit patterns), or fresh; else empty.
    """

    name: str
    role: str
    element: str
    size: int
    tool: str
    coded_bytes: float
    error: float
    note: str
    detail: str = ""
    copies: int = 1
    change: str = ""

    @property
    def bits_per_weight(self) -> float:
        """Bits per element."""
        return 8 * self.coded_bytes / self.size


@dataclass(frozen=True, slots=True)
class Stage:
    """The model after a stage of deep compression.

    Parameters
    ----------
    name
        original; pruned: zeros stored as other weights are; sparse: in rows of gaps and values, where that
        is smaller; quantized: indices and codebooks; coded: the whole `.nntc` file.
    size
        Bytes.
    factor
        Size of the stage before / size.
    total
        Size of the original / size.
    """

    name: str
    size: int
    factor: float
    total: float


@dataclass(frozen=True, slots=True)
class EncodeReport:
    """How a model was coded.

    Parameters
    ----------
    original_size
        Bytes of the ONNX file and its external data.
    size
        Bytes of the whole `.nntc` file.
    graph_size
        Bytes of the GRAPH section.
    float_elements
        Elements of all floating-point tensors of the model, also of those too small for a section.
    remarks
        Things the user should know, such as a goal not reached.
    fidelity
        How alike the decoded network answers, where evaluation samples were given.
    goal
        What the search for a goal came to, if there was one.
    stages
        Method deep: sizes after each of its stages.
    inputs
        What the samples look like, of calibration or else of evaluation; empty without any.
    is_calibrated
        Whether weights are fitted to calibration samples: their errors are where outputs do not feel them.
    unknown_use
        Bytes of floating-point tensors that are coded exactly because it is not known what uses them; 0 where
        everything is to be exact.
    integers
        How integers were made of the float model, where that was asked for; errors of tensors are then those
        of the integers, fidelity is against the float model.
    """

    original_size: int
    size: int
    graph_size: int
    float_elements: int
    tensors: tuple[TensorReport, ...]
    remarks: tuple[str, ...]
    fidelity: Fidelity | None = None
    goal: GoalReport | None = None
    stages: tuple[Stage, ...] = ()
    inputs: tuple[InputSummary, ...] = ()
    unknown_use: int = 0
    is_calibrated: bool = False
    integers: MadeIntegers | None = None

    @property
    def changes(self) -> tuple[str, ...]:
        """Of an update: for each kind of change, how many tensors have it, and their bytes."""
        changed = [tensor for tensor in self.tensors if tensor.change]
        parts = ((Change(own.change), own.size, own.coded_bytes) for own in changed)
        return tuple(changes_text(change_totals(parts)))

    @property
    def ratio(self) -> float:
        """Original size / size."""
        return self.original_size / self.size

    @property
    def bits_per_weight(self) -> float:
        """8 * bytes beside the graph / elements of all tensors coded in sections."""
        weights = sum(t.size for t in self.tensors)
        return 8 * (self.size - self.graph_size) / weights if weights else 0.0

    @property
    def error(self) -> float:
        """Relative error of the model's floating-point tensors: root of the mean of squares, by size."""
        squares = sum(t.copies * t.size * t.error**2 for t in self.tensors)
        return math.sqrt(squares / self.float_elements) if squares else 0.0

"""Grids that the weights of a base lie on, where its file says so: levels without trellis, times steps.

What is nearest to a new weight on the same grid is mostly the level that the old one has. The update is the
difference of both levels, few of which are not 0, and leaves no more noise than a file of its own has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.directory import read_directory
from nntc.decoder.entropy.runs import plain
from nntc.decoder.entropy.symbols import decode_runs
from nntc.decoder.graph import graph_of
from nntc.decoder.payloads import read_parse_context, read_record
from nntc.decoder.tensor.record import TensorRecord
from nntc.decoder.tensor.uniform import Uniform
from nntc.encoder.methods.weights import SCALAR, SCALAR_STEP, Scalar
from nntc.encoder.quantize.dct import forward, mixing_gain
from nntc.encoder.quantize.row_steps import RowSteps
from nntc.encoder.quantize.shaping import Shaping
from nntc.errors import FormatError
from nntc.format.registry import ViewKind
from nntc.format.steps import STEP_CODES
from nntc.format.transform import Transform
from nntc.format.view import View
from nntc.sources.source import Source


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """How levels of a tensor become values.

    Parameters
    ----------
    step
        That of a record.
    row_codes, column_codes
        uint8 step codes, or None.
    """

    step: float
    view: View
    transform: Transform | None
    row_codes: NDArray[np.uint8] | None
    column_codes: NDArray[np.uint8] | None

    def fits(self, view: View) -> bool:
        """Return whether a tensor of a view, or the first rows of one, is on it."""
        own = self.view
        is_part = view.rows == own.rows or (view.rows < own.rows and own.kind is ViewKind.MATRIX)
        return is_part and (own.kind, own.columns) == (view.kind, view.columns)

    def nearest(self, values: NDArray[np.float64], rows: int) -> Scalar:
        """Return the levels nearest to values, float64 in coded order, of so many rows.

        Raises
        ------
        ValueError
            They are too many steps.
        """
        row_steps = None if self.row_codes is None else RowSteps(self.row_codes[:rows])
        codes = self.column_codes
        steps = np.ones(1) if codes is None else STEP_CODES[codes]
        base_step = self.step / SCALAR_STEP * mixing_gain(self.transform)
        if self.transform is not None:
            values = forward(values, self.transform)
        if row_steps is not None:
            base_step *= row_steps.unit
        x = values.reshape(-1, steps.size) / (base_step * steps)
        if row_steps is not None:
            x = x.reshape(rows, -1) / row_steps.factors[:, None]
        shaping = Shaping(replace(self.view, rows=rows), self.transform, codes, steps)
        return Scalar(base_step, shaping, SCALAR.levels(x).ravel(), row_steps)


def read_grids(source: Source) -> dict[int, Grid]:
    """Return the grids of a file that needs no base, by where in its output a tensor begins.

    Raises
    ------
    FormatError
        The file is at fault.
    """
    directory = read_directory(source)
    graph = graph_of(source, directory)
    context = read_parse_context(source, directory)
    ends: list[list[int]] = []
    grids: dict[int, Grid] = {}
    for number, section in enumerate(directory.tensors):
        record = read_record(source, section, context)
        ends.append([0, *map(int, record.part_ends())])
        grid = _grid(record)
        if grid is not None:
            grids[number] = grid
    places: dict[int, Grid] = {}
    at = 0
    for run, tensor, part in zip(graph.splices.runs, graph.splices.tensors, graph.splices.parts, strict=True):
        at += run
        if tensor in grids:
            places[at] = grids[tensor]
        at += ends[tensor][part + 1] - ends[tensor][part]
    return places


def _grid(record: TensorRecord) -> Grid | None:
    """Return the grid of a tensor; None where it has none that an encoder makes."""
    content = record.content
    if not isinstance(content, Uniform) or record.view.kind is ViewKind.RAGGED:
        return None
    if content.trellis or content.offset or content.bases is not None or not content.element.is_float:
        return None
    row_codes, column_codes = _codes(content)
    if column_codes is not None and column_codes.min() > 0:
        return None
    return Grid(content.step, record.view, content.transform, row_codes, column_codes)


def _codes(content: Uniform) -> Iterator[NDArray[np.uint8] | None]:
    """Yield step codes of rows and of columns."""
    for run in (content.row_codes, content.column_codes):
        if run is None:
            yield None
            continue
        (tokens,) = decode_runs([run])
        if isinstance(tokens, FormatError):
            raise tokens
        yield plain(tokens)

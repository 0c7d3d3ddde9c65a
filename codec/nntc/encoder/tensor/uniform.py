"""Write uniform records (SPEC.md, "Tool uniform")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.block import write_symbol_block
from nntc.encoder.entropy.contexts import Classes, Model, SharedTables
from nntc.encoder.entropy.integers import TokenizedIntegers, integer_block, write_integers
from nntc.encoder.entropy.symbols import symbol_data
from nntc.encoder.quantize.trellis import MIN_LEVEL, TrellisLevels
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.encoder.tensor.record import Record, record_head
from nntc.format.integers import ESCAPE
from nntc.format.registry import Coder, ElementType, Tool
from nntc.format.tools import ROW_BASES, SEGMENT, UNIFORM_HEAD, UniformFlags, UniformHead
from nntc.format.transform import Transform
from nntc.format.trellis import Trellis
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class UniformParameters:
    """How integers become values; see `nntc.decoder.tensor.uniform.Uniform`.

    Parameters
    ----------
    step
        Exactly a binary32.
    row_codes, column_codes
        uint8 step codes, or None.
    bases
        Integers added to the levels of each row of a ragged view, or None.
    """

    step: float
    offset: float = 0.0
    transform: Transform | None = None
    row_codes: NDArray[np.uint8] | None = None
    column_codes: NDArray[np.uint8] | None = None
    bases: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, quantizer: UniformQuantizer, transform: Transform | None = None) -> UniformParameters:
        """Return what makes values of a quantizer's levels, and with a transform of these what it takes."""
        return cls(float(quantizer.step), quantizer.offset, transform)


def uniform_record(
    element: ElementType,
    view: View,
    parameters: UniformParameters,
    levels: NDArray[np.int64],
    coder: Coder,
    classes: Classes | None = None,
    background: int | None = None,
) -> Record:
    """Return a record without trellis.

    Parameters
    ----------
    levels
        int64, rank 1, in coded order.
    background
        Code as sparse rows all levels but this one; None to code all.
    """
    return Record(
        [
            _head(element, view, parameters, Trellis.NONE),
            *write_integers(levels, coder, view, classes, background),
        ],
        element,
        Tool.UNIFORM,
        view,
    )


def token_record(
    element: ElementType,
    view: View,
    parameters: UniformParameters,
    tokens: NDArray[np.uint8],
    min_level: int,
    classes: Classes | None,
    shared: SharedTables,
) -> Record:
    """Return a record without trellis whose levels, `min_level` less, are tokens, none of them an escape."""
    split = TokenizedIntegers(tokens, min_level, 0, np.zeros(0, np.uint32), None)
    data = symbol_data(tokens, Coder.RANS, Model(view, classes, shared))
    head = _head(element, view, parameters, Trellis.NONE)
    return Record([head, *integer_block(split, Coder.RANS, data)], element, Tool.UNIFORM, view)


def trellis_record(
    element: ElementType,
    view: View,
    parameters: UniformParameters,
    found: TrellisLevels,
    segment: int,
    classes: Classes | None,
    shared: SharedTables | None,
) -> Record:
    """Return a record with dependent quantization."""
    tokens = found.tokens
    escapes = found.levels[tokens == ESCAPE].astype(np.int64)
    split = TokenizedIntegers(tokens, MIN_LEVEL, 0, np.zeros(0, np.uint32), escapes if escapes.size else None)
    data = symbol_data(tokens, Coder.RANS, Model(view, classes, shared, found.quantizers, segment))
    block = integer_block(split, Coder.RANS, data)
    head = _head(element, view, parameters, found.machine.trellis) + SEGMENT.put(segment)
    return Record([head, *block], element, Tool.UNIFORM, view)


def _head(element: ElementType, view: View, p: UniformParameters, trellis: Trellis) -> bytes:
    flags = UniformFlags(trellis)
    used = {
        UniformFlags.TRANSFORM: p.transform is not None,
        UniformFlags.ROW_CODES: p.row_codes is not None,
        UniformFlags.COLUMN_CODES: p.column_codes is not None,
        UniformFlags.OFFSET: p.offset != 0,
        UniformFlags.ROW_BASES: p.bases is not None,
    }
    for flag, is_used in used.items():
        flags |= flag if is_used else 0
    block = mix = None
    if p.transform is not None:
        block, mix = p.transform.block, p.transform.mix
    head = UNIFORM_HEAD.write(UniformHead(flags, p.step, p.offset or None, block, mix))
    parts = [record_head(Tool.UNIFORM, element, view), head]
    parts += [write_symbol_block(codes) for codes in (p.row_codes, p.column_codes) if codes is not None]
    if p.bases is not None:
        parts.append(ROW_BASES.put(p.bases))
    return b"".join(parts)

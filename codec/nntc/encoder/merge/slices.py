"""Some of the parts of a payload, coded without the others.

Small tensors share a record. Where an update changes some of them and leaves others, or has them in another
order, each kind needs a section of its own. Levels stay levels; what is exact is coded anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.decoder.entropy.integers import IntegerReader, TokenTable
from nntc.decoder.entropy.runs import ParseContext, Tokens, plain
from nntc.decoder.tensor.codebook import Codebook
from nntc.decoder.tensor.difference import BaseElements, Difference
from nntc.decoder.tensor.planes import Planes
from nntc.decoder.tensor.record import TensorRecord, decode_records, read_tensor
from nntc.decoder.tensor.uniform import Uniform
from nntc.encoder.entropy.fragments import assemble
from nntc.encoder.merge.layers import Coded, Layer, coded_of
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.store import Store
from nntc.encoder.tensor.difference import Origin, as_difference
from nntc.encoder.tensor.planes import planes_record
from nntc.encoder.tensor.ragged import ragged_record, ragged_view
from nntc.encoder.tensor.record import Record
from nntc.errors import FormatError
from nntc.format.memory import MAX_WORKING_MEMORY
from nntc.format.registry import ElementType, Profile, ViewKind
from nntc.format.steps import MIN_STEP
from nntc.format.view import View

_ANYWHERE = 1 << 62
"""Bytes of a base that has every place: those of a layer have been checked."""
_CODE, _FACTOR = 0, 8
"""A step code, and what it stands for."""
_WIDEST = 1 << 29
"""Most that levels of a row may be apart, as they are written as distances from one of them."""
Array = NDArray[Any]


def some_parts(coded: Coded, parts: Sequence[int], store: Store) -> Coded | None:
    """Return parts of a payload, in this order and each once; None where there is no such record.

    Parameters
    ----------
    parts
        Their numbers.
    store
        Where records are put aside.
    """
    if list(parts) == list(range(len(coded.parts))):
        return coded
    layers = []
    for layer in coded.layers:
        made = _some(layer, parts, store)
        if made is None:
            return None
        layers.append(made)
    return Coded(tuple(layers))


def as_elements(coded: Coded, element: ElementType, store: Store) -> Coded | None:
    """Return a payload as elements of a type; None where that would not be exact, or they do not fit."""
    if coded.element is element:
        return coded
    first = coded.layers[0]
    if len(coded.layers) > 1 or first.is_difference or any(size % element.width for size in coded.parts):
        return None
    record = _parsed(first)
    if not isinstance(record.content, Planes | Codebook) and not coded.element.is_integer:
        return None
    payload = record.payload(_tokens(record))
    parts = coded.parts if first.view.lengths else None
    return exact(payload.tobytes(), element, parts, store, keeps_type=True)


def exact(
    payload: bytes,
    element: ElementType,
    parts: Sequence[int] | None,
    store: Store,
    *,
    keeps_type: bool = False,
) -> Coded:
    """Return bytes, coded exactly.

    Parameters
    ----------
    payload
        The bytes.
    element
        What they are; of another number of bytes they are bytes.
    parts
        Bytes of each part; None for one that is no part of several.
    store
        Where the record is put aside.
    keeps_type
        Whether it must be of that type, for records on top of it; else it may be of bytes.
    """
    sizes = [len(payload)] if parts is None else list(parts)
    if element.is_integer or any(size % element.width for size in sizes):
        element = ElementType.OPAQUE1
    counts = [size // element.width for size in sizes]
    view = View(ViewKind.MATRIX, 1, counts[0]) if parts is None else ragged_view(counts)
    kind = "V16" if element.width == 16 else f"<u{element.width}"
    make = _exact if keeps_type else lossless_record
    return Coded((_layer(make(element, view, np.frombuffer(payload, kind)), store),))


def _exact(element: ElementType, view: View, bits: Array) -> Record:
    """Return an exact record of elements, and not of bytes."""
    record = lossless_record(element, view, bits)
    return record if record.element is element else planes_record(element, view, bits)


def _some(layer: Layer, parts: Sequence[int], store: Store) -> Layer | None:
    if layer.view.kind is not ViewKind.RAGGED:
        return None
    record = _parsed(layer)
    content = record.content
    method = content.method if isinstance(content, Difference) else None
    made = _record(record, parts, is_difference=method is not None)
    if made is None or not made.is_long_enough:
        return None
    if method is None:
        return _layer(made, store)
    base = _base(layer)
    base = replace(base, starts=tuple(base.starts[part] for part in parts))
    sliced = _layer(as_difference(made, method, Origin(base.element, base.starts)), store)
    return sliced if layer.base is not None else replace(sliced, base=None)


def _record(record: TensorRecord, parts: Sequence[int], *, is_difference: bool) -> Record | None:
    """Return the record of some rows, that of a difference as if it were none."""
    content = record.content.content if isinstance(record.content, Difference) else record.content
    if isinstance(content, Uniform):
        return _some_levels(content, _tokens(record), parts)
    if not isinstance(content, Planes | Codebook):
        return None
    values = content.values(_tokens(record))
    view = ragged_view([record.view.lengths[part] for part in parts])
    rows = _rows(values, record.view)
    own = np.concatenate([rows[part] for part in parts])
    if is_difference:
        return planes_record(record.element, view, own, is_difference=True)
    return _exact(record.element, view, own)


def _some_levels(uniform: Uniform, tokens: list[Tokens], parts: Sequence[int]) -> Record | None:
    """Return the record of some rows of levels; None for some that an encoder does not make."""
    if uniform.trellis or uniform.offset:  # on two grids, or with a constant
        return None
    rest = iter(tokens)
    rows = uniform.view.rows
    step, codes = uniform.step, np.full(rows, _CODE, np.uint8)
    if uniform.row_codes is not None:
        codes = plain(next(rest))
    elif step / _FACTOR >= MIN_STEP:
        step /= _FACTOR
    else:
        return None
    gaps = plain(next(rest)) if uniform.levels.sparse is not None else None
    integers = IntegerReader(uniform.levels, TokenTable.of(next(rest)), gaps).take(uniform.view.size)
    bases = np.zeros(rows, np.int64) if uniform.bases is None else uniform.bases
    own = _rows(integers, uniform.view)
    levels = [own[part] + bases[part] for part in parts]
    if any(int(row.max()) - int(row.min()) > _WIDEST for row in levels):
        return None
    return ragged_record(uniform.element, step, codes[list(parts)], levels)


def _rows(values: Array, view: View) -> list[Array]:
    """Return the rows of a ragged view."""
    return np.split(values, list(accumulate(view.lengths[:-1])))


def _base(layer: Layer) -> BaseElements:
    """Return what a difference changes; of a layer that is not the bottom, something that it could."""
    return layer.base or BaseElements(layer.element, (0,) * len(layer.view.parts))


def _parsed(layer: Layer) -> TensorRecord:
    """Return a layer's record by itself."""
    alone, sizes = layer, tuple[int, ...]()
    if layer.is_difference:
        alone, sizes = replace(layer, base=_base(layer)), (_ANYWHERE,)
    context = replace(
        layer.context, profile=Profile.FULL, base_sizes=sizes, working_memory=MAX_WORKING_MEMORY
    )
    data = alone.write(lambda _tables, number: number)
    return read_tensor(data, 0, layer.view.size * layer.element.width, context)


def _tokens(record: TensorRecord) -> list[Tokens]:
    """Return the tokens of a record; raises the first fault."""
    found = []
    for own in decode_records([record])[0]:
        if isinstance(own, FormatError):
            raise own
        found.append(own)
    return found


def _layer(record: Record, store: Store) -> Layer:
    """Return a record of an encoder as a layer."""
    (data,) = assemble([record.fragments])
    context = ParseContext(Profile.FULL, (), base_sizes=(_ANYWHERE,))
    parsed = read_tensor(data, 0, record.output, context)
    return coded_of(parsed, data, context, store).layers[0]

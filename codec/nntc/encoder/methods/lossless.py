"""Exact records: the smallest of planes, codebook, and sparse rows.

Networks that were pruned and quantized in training (Han et al., "Deep Compression", 2016) have few
distinct values in a tensor: a codebook. Those that were pruned only have zeros between values of full
precision: sparse rows in fixed point.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.device import ANY_DEVICE, Device
from nntc.encoder.entropy.contexts import Classes
from nntc.encoder.entropy.general import zstd
from nntc.encoder.quantize.pruning import ZEROS_FROM
from nntc.encoder.quantize.rounded import exact_step, half_ulps, patterns
from nntc.encoder.quantize.scales import fit_scales
from nntc.encoder.quantize.uniform import UniformQuantizer
from nntc.encoder.tensor.codebook import Codebook, codebook_pays, codebook_record, make_codebook
from nntc.encoder.tensor.planes import bytes_record, planes_record
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.encoder.tensors import Tensor
from nntc.format.integers import MAX_LEVEL
from nntc.format.patterns import values_of
from nntc.format.registry import Coder, ElementType, ViewKind
from nntc.format.steps import MIN_STEP
from nntc.format.tools import MAX_CODEBOOK
from nntc.format.view import View

FEW_VALUES = (1 << 8) + 1
"""The most that trained quantization leaves: 2^8 shared values beside zero."""
_CONTEXTS_FROM = 1 << 14  # elements from which separable contexts may pay
_CONVERTED = 1 << 18  # elements at a time
_SAMPLE = 1 << 12
_MANY = 0.75  # of a sample's elements are distinct: too many for a codebook
_SPARSE_FROM = 0.4  # share of the most common value from which sparse rows may pay
_FIXED_POINT_BITS = 62
_MAX_EXPONENT = 127  # of a binary32
_MAX_EVEN = 1 << 12
_SAMPLE_BYTES = 1 << 17
_QUICK_LEVEL = 3
_QUICK_SLACK = 1.3
"""How much larger than the best record a sample by quick zstd may be for zstd to be tried in earnest."""
_LARGE, _LARGE_SLACK = 1 << 21, 1.08
"""Bytes from which that takes seconds, and how much larger then all of the payload by quick zstd may be."""


def lossless_record(
    element: ElementType,
    view: View,
    bits: NDArray[Any],
    note: str = "",
    device: Device = ANY_DEVICE,
    *,
    coder: Coder = Coder.RANS,
    sparse: bool | None = None,
) -> Record:
    """Return the smallest exact record.

    Parameters
    ----------
    bits
        Bit patterns in coded order, rank 1; see `Tensor.bits`.
    note
        For the report.
    device
        The decoder that it is for.
    coder
        Of codebook indices and sparse rows; planes choose their own.
    sparse
        Code all that can be as sparse rows, or nothing; None for what is smaller.
    """
    codebook = _codebook(element, bits, device)
    classes = _classes(element, view, bits, device)
    records = [] if codebook is None else list(_indexed(element, view, codebook, coder, classes, sparse))
    if not all(record.is_long_enough for record in records) and codebook is not None:
        records = [codebook_record(element, view, codebook, Coder.RANS)]
    if sparse is not False and (codebook is None or codebook.entries.size > FEW_VALUES):
        records += _in_fixed_point(element, view, bits, coder, forced=bool(sparse))
    is_plain = codebook is not None and codebook.entries.size <= min(FEW_VALUES, bits.size // 4)
    if not records or not (is_plain or sparse):
        below = min((record.expected_size for record in records), default=inf)
        records.append(planes_record(element, view, bits, classes, device, below))
    best = records[0] if len(records) == 1 else min(records, key=lambda record: record.expected_size)
    if sparse is None and coder is Coder.RANS and device.has(Coder.ZSTD):
        best = _as_bytes(view, bits, best)
    return replace(best, note=note)


def _as_bytes(view: View, bits: NDArray[Any], best: Record) -> Record:
    """Return the payload as plain bytes by zstd where that is smaller than the best record: long repetitions.

    Matches of whole elements, or of several, are found once there, and not once in every plane.
    """
    payload = np.ascontiguousarray(view.from_coded(bits)).tobytes()
    expected = best.expected_size
    start = max(0, len(payload) - _SAMPLE_BYTES) // 2
    sample = payload[start : start + _SAMPLE_BYTES]
    if len(zstd(sample, _QUICK_LEVEL)) > _QUICK_SLACK * expected * len(sample) / len(payload):
        return best
    if len(payload) > _LARGE and len(zstd(payload, _QUICK_LEVEL)) > _LARGE_SLACK * expected:
        return best
    width = best.element.width
    lengths = tuple(width * n for n in view.lengths)
    flat = View(ViewKind.RAGGED, len(lengths), lengths=lengths) if lengths else None
    plain = bytes_record(flat or View(ViewKind.MATRIX, 1, len(payload)), payload)
    return plain if plain.is_long_enough and plain.expected_size < expected else best


def looks_compressed(tensor: Tensor) -> bool:
    """Return whether weights seem to have been pruned or quantized in training."""
    if not tensor.element.is_float:
        return False
    bits = tensor.bits()
    entries = np.unique(bits).size
    return entries > 1 and (codebook_pays(tensor.element, bits.size, entries) or _has_zeros(bits))


def _has_zeros(bits: NDArray[Any]) -> bool:
    return bool(np.mean(bits == 0) >= ZEROS_FROM)


def _codebook(element: ElementType, bits: NDArray[Any], device: Device) -> Codebook | None:
    """Return the codebook if it is smaller than the elements themselves."""
    if element.width not in (2, 4, 8):
        return None
    # A sample settles most tensors without sorting all of them.
    sample = bits[:_SAMPLE]
    if sample.size < bits.size and np.unique(sample).size > _MANY * sample.size:
        return None
    codebook = make_codebook(bits)
    entries = codebook.entries.size
    fits = entries <= MAX_CODEBOOK and device.codebook(entries, element.width)
    return codebook if fits and codebook_pays(element, bits.size, entries) else None


def _indexed(
    element: ElementType,
    view: View,
    codebook: Codebook,
    coder: Coder,
    classes: Classes | None,
    sparse: bool | None,
) -> Iterator[Record]:
    """Yield codebook records worth a try."""
    if not sparse:
        is_free = coder is Coder.RANS and sparse is None
        even = _evenly_spaced(element, view, codebook, coder, classes) if is_free else None
        if even is not None:
            yield even
        yield codebook_record(element, view, codebook, coder)
        if coder is Coder.RANS and classes is not None:
            yield codebook_record(element, view, codebook, coder, classes)
    common = codebook.counts.max() / codebook.indices.size
    if sparse or (sparse is None and common >= _SPARSE_FROM):
        yield codebook_record(element, view, codebook, coder, sparse=True)


def _evenly_spaced(
    element: ElementType, view: View, codebook: Codebook, coder: Coder, classes: Classes | None
) -> Record | None:
    """Return a record of levels, if the entries of a codebook are an offset and multiples of a step."""
    if not element.is_float or not 2 < codebook.entries.size <= FEW_VALUES:
        return None
    values = values_of(codebook.entries, element)
    if not np.isfinite(values).all():
        return None
    offset = float(values.min())
    distances = values - offset
    least = float(np.diff(np.sort(values)).min())
    if not least > 0 or distances.max() / _MAX_EVEN > least or np.float32(offset) != offset:
        return None
    levels = UniformQuantizer(least).multiples(distances)
    # Refined on the largest distance, as rounding blurs the least.
    for _ in range(2):
        step = float(levels @ distances / (levels @ levels))
        levels = UniformQuantizer(step).multiples(distances)
    for step in exact_step(distances, levels, half_ulps(values, element)):
        quantizer = UniformQuantizer(step, offset)
        if np.array_equal(patterns(quantizer.elements(levels, element)), codebook.entries):
            own = levels.astype(np.int64)[codebook.indices]
            return uniform_record(element, view, UniformParameters.of(quantizer), own, coder, classes)
    return None


def _in_fixed_point(
    element: ElementType, view: View, bits: NDArray[Any], coder: Coder, *, forced: bool
) -> Iterator[Record]:
    """Yield the sparse rows of floating-point values that have one step, a power of two, in common."""
    if not element.is_float or not (forced or _has_zeros(bits)):
        return
    values = values_of(bits, element)
    # A negative zero would lose its sign.
    if not np.isfinite(values).all() or np.any((values == 0) != (bits == 0)) or not values.any():
        return
    exponent = int(np.frexp(np.abs(values).max())[1]) - _FIXED_POINT_BITS
    scaled = np.ldexp(values, -exponent)
    levels = scaled.astype(np.int64)
    if not np.array_equal(scaled, levels):
        return
    combined = int(np.bitwise_or.reduce(np.abs(levels)))
    spare = (combined & -combined).bit_length() - 1
    levels >>= spare
    exponent += spare
    if np.abs(levels).max() <= MAX_LEVEL and np.log2(MIN_STEP) <= exponent <= _MAX_EXPONENT:
        step = UniformParameters(2.0**exponent)
        yield uniform_record(element, view, step, levels, coder, background=0)


_ALIKE_FROM = 1e30
"""Magnitude from which all are alike: sums of more would overflow."""


def _classes(element: ElementType, view: View, bits: NDArray[Any], device: Device) -> Classes | None:
    if not element.is_float or view.size < _CONTEXTS_FROM:
        return None
    magnitudes = np.empty(bits.size, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, bits.size, _CONVERTED):
            part = slice(start, start + _CONVERTED)
            own = np.abs(values_of(bits[part], element))
            magnitudes[part] = np.where(np.isfinite(own), np.minimum(own, _ALIKE_FROM), 0)
    return device.within(fit_scales(magnitudes, view).classes, 1)

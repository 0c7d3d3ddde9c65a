"""Methods quantization, clustering and dct.

Laude, Richter and Ostermann, "Neural Network Compression using Transform Coding and Clustering",
arXiv 1805.07258, 2018. The paper's:

- Every tensor is coded on its own, all with the same bits n, after scaling it to the full range of n bits;
  bzip2 is the entropy coder.
- `quantization`: uniform quantization of all layers. `clustering`: k-means of all layers.
- `dct`, its proposal: coefficients of a two-dimensional DCT, all quantized alike, for convolutional and
  dense layers; k-means with 2^n clusters for biases and normalizations.

What is our reading, where it does not say:

- Uniform quantization has 2^n levels from the least to the greatest weight, both included.
- Coefficients have 2^n levels with zero among them, so that the many small ones vanish without bias:
  2^(n-1) on the side that reaches farther from zero, one less on the other. At n = 1 that other side has
  none and becomes zero.
- A step is rounded up to a binary32; nothing is ever cut off at the ends of the range but that side.
- Recurrent and embedding weights are dense layers. One-dimensional tensors of unknown use are biases.
- Weights that were pruned before stay zero: zero is a level without transform, or a centroid.
- A tensor that the method would only enlarge, or whose range it cannot hold, is coded exactly.
- So is a table of rows so unlike in size that nothing would be left of the small ones, and a matrix with many
  such rows or columns. Where there are few of them, a note tells if they lose much.
- So is one that is not known to be a weight, a bias or a normalization; and what scales, such as variances,
  if the method would change an element by more than a quarter of itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.methods.aside import put_aside
from nntc.encoder.methods.exact import plan_exact
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.methods.partition import why_not_one_step
from nntc.encoder.methods.plan import Plan, PlannedRecord, PlanRequest
from nntc.encoder.options import DEFAULT_BITS, Method
from nntc.encoder.quantize.blocks import cut_blocks
from nntc.encoder.quantize.clustering import cluster, nearest
from nntc.encoder.quantize.dct import forward
from nntc.encoder.quantize.pruning import pruned_zeros
from nntc.encoder.quantize.small_lines import note_on_lost
from nntc.encoder.quantize.uniform import around_zero, over_range
from nntc.encoder.tensor.codebook import codebook_pays, codebook_record, make_codebook
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensor.uniform import UniformParameters, uniform_record
from nntc.encoder.tensors import Tensor
from nntc.format.patterns import values_of
from nntc.format.registry import Coder, ElementType
from nntc.format.rounding import round_to_element
from nntc.format.transform import SCALE, Transform
from nntc.format.view import View
from nntc.onnx.roles import Tolerance

_MAX_RELATIVE = 0.25
_Attempt = tuple[Record | None, NDArray[np.float64]]
"""A record, None where the method does not apply, and the values that it stands for."""
_MAX_BINARY32 = float(np.finfo(np.float32).max)


def plan_laude(request: PlanRequest) -> Plan:
    """Return a record for each tensor under the method, bits and entropy coder of the options."""
    tensors, options, workers = request.tensors, request.options, request.workers
    bits = int(options.bits or DEFAULT_BITS)
    rest = bits, options.entropy.coder
    reasons = {i: why_not_one_step(t, bits, options.exact) for i, t in enumerate(tensors)}
    exact = {i: reason for i, reason in reasons.items() if reason is not None and tensors[i].element.is_float}
    lossy = [i for i in reasons if i not in exact]
    tasks = (
        (t.element, t.view, t.bits(), _method(t, options.method), *rest, t.tolerance is Tolerance.SCALING)
        for t in (tensors[i] for i in lossy)
    )
    records = workers.map(laude_record, tasks, len(lossy))
    planned = (PlannedRecord(record, (i,)) for i, record in zip(lossy, records, strict=True))
    coded = put_aside(planned, workers.store())
    return Plan([*coded, *plan_exact(tensors, exact, workers)])


def _method(tensor: Tensor, method: Method) -> Method:
    """Return `clustering` for what method dct clusters."""
    return Method.CLUSTERING if method is Method.DCT and tensor.is_vector else method


def laude_record(
    element: ElementType,
    view: View,
    patterns: NDArray[Any],
    method: Method,
    bits: int,
    coder: Coder,
    scales: bool = False,
) -> Record:
    """Return the record of one tensor.

    Parameters
    ----------
    element, view
        Of the tensor; no ragged view.
    patterns
        Bit patterns in coded order, rank 1; see `Tensor.bits`.
    method
        QUANTIZATION, CLUSTERING or DCT.
    bits
        1..8.
    coder
        Of levels and indices.
    scales
        Whether elements scale others, so that each must be about as it was.

    Returns
    -------
    An exact record, with a note, where the method does not apply.
    """
    if not element.is_float:
        return lossless_record(element, view, patterns, "not floating point")
    values = values_of(patterns, element)
    if not np.isfinite(values).all():
        return lossless_record(element, view, patterns, "not finite")
    if method is Method.CLUSTERING:
        record, decoded = _clustered(element, view, values, bits, coder)
        note = "a codebook would not make it smaller"
    elif values.min() == values.max():
        return lossless_record(element, view, patterns, "constant")
    elif max(-values.min(), values.max()) > _MAX_BINARY32:
        return lossless_record(element, view, patterns, "larger than binary32")
    else:
        make = _quantized if method is Method.QUANTIZATION else _transformed
        record, decoded = make(element, view, values, bits, coder)
        note = "range does not suit a binary32 step"
    if scales and not (np.abs(decoded - values) <= _MAX_RELATIVE * np.abs(values)).all():
        return lossless_record(element, view, patterns, "scales others, and would change too much")
    if record is None:
        return lossless_record(element, view, patterns, note)
    return replace(record, note=note_on_lost(values, decoded, view))


def _quantized(
    element: ElementType, view: View, values: NDArray[np.float64], bits: int, coder: Coder
) -> _Attempt:
    """Return a record of 2^bits levels from the least to the greatest value."""
    if pruned_zeros(values) is not None:
        return _around_zero(element, view, values, bits, coder)
    quantizer = over_range(values, bits)
    if not quantizer.fits(element):
        return None, values
    levels = quantizer.levels(values)
    return _uniform(element, view, UniformParameters.of(quantizer), levels, coder), quantizer.values(levels)


def _transformed(
    element: ElementType, view: View, values: NDArray[np.float64], bits: int, coder: Coder
) -> _Attempt:
    """Return a record of 2^bits levels for each DCT coefficient, zero among them."""
    if pruned_zeros(values) is not None:
        return _around_zero(element, view, values, bits, coder)
    target, block = cut_blocks(view)
    transform = Transform(*block)
    if target.kind is not view.kind:
        values = view.from_coded(values)
    coefficients = forward(values, transform)
    quantizer = around_zero(coefficients, bits)
    # No weight is further from zero than its whole block is in Euclidean norm.
    if not quantizer.fits(element, gain=target.period**0.5 * 1.001):
        return None, values
    parameters = UniformParameters.of(quantizer, transform)
    levels = quantizer.levels(coefficients)
    decoded = quantizer.values(transform.inverse(levels.astype(np.float64)) * SCALE)
    if target.kind is not view.kind:
        decoded = view.to_coded(decoded)
    return _uniform(element, target, parameters, levels, coder), decoded


def _around_zero(
    element: ElementType, view: View, values: NDArray[np.float64], bits: int, coder: Coder
) -> _Attempt:
    """Return a record of 2^bits levels of weights, zero among them; zeros in sparse rows where that pays."""
    quantizer = around_zero(values, bits)
    if not quantizer.fits(element):
        return None, values
    levels, parameters = quantizer.levels(values), UniformParameters.of(quantizer)
    dense = _uniform(element, view, parameters, levels, coder)
    rows = uniform_record(element, view, parameters, levels, coder, background=0)
    is_sparse = rows.is_long_enough and rows.expected_size < dense.expected_size
    return rows if is_sparse else dense, quantizer.values(levels)


def _uniform(
    element: ElementType, view: View, parameters: UniformParameters, levels: NDArray[np.int64], coder: Coder
) -> Record:
    record = uniform_record(element, view, parameters, levels, coder)
    if record.is_long_enough:
        return record
    return uniform_record(element, view, parameters, levels, Coder.RANS)


def _clustered(
    element: ElementType, view: View, values: NDArray[np.float64], bits: int, coder: Coder
) -> _Attempt:
    """Return a record of at most 2^bits centroids, or None if it would hardly be smaller than the tensor."""
    zeros = pruned_zeros(values)
    kept = np.ones(values.size, np.bool_) if zeros is None else ~zeros
    centroids = cluster(values[kept], (1 << bits) - (zeros is not None))
    if not codebook_pays(element, values.size, centroids.size + (zeros is not None)):
        return None, values
    entries = round_to_element(centroids, element).view(f"<u{element.width}")
    patterns = np.zeros(values.size, entries.dtype)
    patterns[kept] = entries[nearest(values[kept], values_of(entries, element))]
    codebook = make_codebook(patterns)
    record = codebook_record(element, view, codebook, coder)
    if not record.is_long_enough:
        record = codebook_record(element, view, codebook, Coder.RANS)
    return record, values_of(patterns, element)

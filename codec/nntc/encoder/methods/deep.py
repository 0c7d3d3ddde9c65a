"""Method deep: pruning, weight sharing, Huffman coding.

S. Han, H. Mao, W. J. Dally, "Deep Compression: Compressing Deep Neural Networks with Pruning, Trained
Quantization and Huffman Coding", ICLR 2016; Young et al., "Implications of Deep Compression with Complex
Neural Networks". The papers':

- The least weights of each layer, or of all layers, become zero: a constant sparsity.
- The others share 2^n values, found by k-means from centroids evenly spaced between least and greatest;
  zero is one of the 2^n where weights were pruned, and only pruned weights have it.
- Indices are Huffman coded. Where there are many zeros, only the others are, each with the gap to the one
  before it, Huffman coded as well.

What is ours: without retraining, each layer's representation is the smaller one; weights that have so few
values already, because a network was pruned and quantized in training, are coded exactly. Biases are left as
they are, unless asked for; so are matrices with many rows or columns that shared values would leave nothing
of. What scales, such as variances, and what is not known to be a weight always are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.methods.aside import put_aside
from nntc.encoder.methods.exact import plan_exact
from nntc.encoder.methods.lossless import lossless_record
from nntc.encoder.methods.partition import why_not_one_step
from nntc.encoder.methods.plan import Plan, PlannedRecord, PlanRequest
from nntc.encoder.options import Centroids, Options, PruneScope
from nntc.encoder.quantize.clustering import cluster, nearest
from nntc.encoder.quantize.pruning import Pruning, plan_pruning, pruned_zeros
from nntc.encoder.quantize.small_lines import note_on_lost
from nntc.encoder.stages import TensorSizes, tensor_sizes
from nntc.encoder.tensor.codebook import codebook_pays
from nntc.encoder.tensor.record import Record
from nntc.encoder.tensors import Tensor
from nntc.format.patterns import values_of
from nntc.format.registry import Coder, ElementType, Tool
from nntc.format.rounding import round_to_element
from nntc.format.view import View
from nntc.onnx.roles import Tolerance

_STEPS = 1000  # k-means has come to rest long before, but for some of 256 centroids


def plan_deep(request: PlanRequest) -> Plan:
    """Return records for every tensor, and the sizes of those that the method is for after its stages."""
    tensors, options, workers = request.tensors, request.options, request.workers
    weights, notes = _weights(tensors, options)
    pruning = _pruning(tensors, weights, options)
    bits = None if options.bits is None else int(options.bits)
    rest = bits, options.centroids, options.entropy.coder, options.sparse
    tasks = ((tensors[i].element, tensors[i].view, tensors[i].bits(), pruning.get(i), *rest) for i in weights)
    sizes = {}

    def planned() -> Iterator[PlannedRecord]:
        results = workers.map(deep_record, tasks, len(weights))
        for i, (record, sizes[i]) in zip(weights, results, strict=True):
            yield PlannedRecord(record, (i,))

    coded = put_aside(planned(), workers.store())
    return Plan([*coded, *plan_exact(tensors, notes, workers)], sizes=sizes)


def _weights(tensors: Sequence[Tensor], options: Options) -> tuple[list[int], dict[int, str]]:
    """Return the numbers of the tensors to prune and quantize; of the others, why not, for the report."""
    weights: list[int] = []
    notes: dict[int, str] = {}
    bits = None if options.bits is None else int(options.bits)
    for number, tensor in enumerate(tensors):
        reason = why_not_one_step(tensor, bits, options.exact)
        if reason is not None or (tensor.is_vector and not options.biases):
            notes[number] = reason or ""
        elif tensor.tolerance is Tolerance.SCALING:
            notes[number] = "scales others" if options.biases else ""
        elif not np.isfinite(tensor.values()).all():
            notes[number] = "has values that are not finite"
        else:
            weights.append(number)
    return weights, notes


def _pruning(tensors: Sequence[Tensor], weights: list[int], options: Options) -> dict[int, Pruning]:
    """Return which weights of each tensor to prune; nothing where none are."""
    if not options.prune:
        return {}
    layers: dict[int, list[int]] = {}
    for i in weights:
        # A large layer is coded in pieces, but pruned as a whole.
        key = tensors[i].payload if options.prune_scope is PruneScope.LAYER else 0
        layers.setdefault(key, []).append(i)
    pruning: dict[int, Pruning] = {}
    for layer in layers.values():
        magnitudes = [partial(_magnitudes, tensors[i]) for i in layer]
        pruning.update(zip(layer, plan_pruning(magnitudes, options.prune), strict=True))
    return pruning


def _magnitudes(tensor: Tensor) -> NDArray[np.float64]:
    return np.abs(tensor.values())


def deep_record(
    element: ElementType,
    view: View,
    patterns: NDArray[Any],
    pruning: Pruning | None,
    bits: int | None,
    centroids: Centroids,
    coder: Coder,
    sparse: bool | None,
) -> tuple[Record, TensorSizes]:
    """Return the record of one tensor, and its sizes after the stages.

    Parameters
    ----------
    patterns
        Bit patterns of a finite floating-point tensor in coded order, rank 1; see `Tensor.bits`.
    pruning
        Weights to set to zero; None for none.
    bits
        1..8 for at most 2^bits shared values; None to share none.
    centroids
        Where k-means starts.
    coder
        Of indices and gaps.
    sparse
        Sparse rows, or none of them; None for what is smaller.
    """
    pruned = None
    if pruning is not None:
        values = values_of(patterns, element)
        pruned = pruning.mask(np.abs(values))
        # What is zero already may have a sign, which is kept.
        patterns = np.where(pruned & (values != 0), patterns.dtype.type(0), patterns)
    shared, note = patterns, ""
    if bits is not None:
        keep_zeros = pruned is not None and bool(pruned.any())
        shared, note = _share(element, patterns, bits, centroids, keep_zeros=keep_zeros)
        note = note or note_on_lost(values_of(patterns, element), values_of(shared, element), view)
    record = lossless_record(element, view, shared, note, coder=coder, sparse=sparse)
    return record, tensor_sizes(patterns, shared if record.tool is Tool.CODEBOOK else None, sparse)


def _share(
    element: ElementType, patterns: NDArray[Any], bits: int, centroids: Centroids, *, keep_zeros: bool
) -> tuple[NDArray[Any], str]:
    """Return bit patterns of at most 2^bits values, or those given and a note where that does not pay."""
    count = 1 << bits
    distinct = np.unique(patterns).size
    if distinct <= count:
        return patterns, ""
    if not codebook_pays(element, patterns.size, count):
        return patterns, "a codebook would not make it smaller"
    values = values_of(patterns, element)
    # Zeros that no one asked for here keep a value if they are as common as others: pruned earlier.
    zeros = values == 0
    are_kept = keep_zeros or pruned_zeros(values) is not None or np.mean(zeros) >= 1 / count
    kept = ~zeros if are_kept else np.ones(values.size, np.bool_)
    values = values[kept]
    means = cluster(values, count - (not kept.all()), start=centroids, steps=_STEPS)
    entries = round_to_element(means, element).view(f"<u{element.width}")
    shared = np.zeros_like(patterns)
    shared[kept] = entries[nearest(values, values_of(entries, element))]
    return shared, ""

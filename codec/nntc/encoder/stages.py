"""Sizes after each stage of deep compression, as Young et al. report them (Tables II and III).

A model file in which weights are stored as each stage leaves them, everything else as it was: zeros stored
like other weights; sparse rows of gaps and values, both uncoded (Han et al.); the same, or all weights,
as indices with their codebooks. The last size is that of the real file, entropy coded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.report import Stage
from nntc.encoder.tensors import Tensor

_GAP_BITS = range(1, 9)


@dataclass(frozen=True, slots=True)
class TensorSizes:
    """Bytes of a tensor after pruning, in sparse rows where they are smaller, and after quantization."""

    pruned: int
    sparse: int
    quantized: int


def tensor_sizes(
    pruned: NDArray[Any], quantized: NDArray[Any] | None, sparse: bool | None = None
) -> TensorSizes:
    """Return the sizes of one tensor.

    Parameters
    ----------
    pruned, quantized
        Bit patterns in coded order after each stage, rank 1; None for what was not quantized.
    sparse
        Sparse rows always, or never; None for what is smaller.
    """
    width = 8 * pruned.itemsize
    sparse_size = -(-_stored_bits(pruned, width, sparse) // 8)
    if quantized is None:
        return TensorSizes(pruned.nbytes, sparse_size, sparse_size)
    entries = np.unique(quantized).size
    bits = entries * width + _stored_bits(quantized, max(1, (entries - 1).bit_length()), sparse)
    return TensorSizes(pruned.nbytes, sparse_size, -(-bits // 8))


def _stored_bits(bits: NDArray[Any], width: int, sparse: bool | None) -> int:
    """Return the bits of values of `width` bits, all of them or in sparse rows with the best gap width."""
    places = np.flatnonzero(bits)
    zeros = np.diff(places, prepend=-1) - 1
    rows = min((places.size + int(np.sum(zeros >> gap))) * (gap + width) for gap in _GAP_BITS)
    dense = bits.size * width
    return min(rows, dense) if sparse is None else rows if sparse else dense


def report_stages(
    sizes: Mapping[int, TensorSizes],
    tensors: Sequence[Tensor],
    repeats: Mapping[int, int],
    original: int,
    coded: int,
) -> tuple[Stage, ...]:
    """Return the stages of a model.

    Parameters
    ----------
    sizes
        By tensor number, of the tensors that the method is for.
    repeats
        Payloads that repeat an earlier one; until the last stage they are stored again.
    original, coded
        Bytes of the model's files and of the `.nntc` file.
    """
    copies = {i: 1 + sum(first == tensors[i].payload for first in repeats.values()) for i in sizes}
    rest = original - sum(copies[i] * sizes[i].pruned for i in sizes)
    ends = {"original": original}
    for name in ("pruned", "sparse", "quantized"):
        ends[name] = rest + sum(copies[i] * getattr(sizes[i], name) for i in sizes)
    ends["coded"] = coded
    before = [original, *ends.values()]
    return tuple(
        Stage(name, size, last / size, original / size)
        for (name, size), last in zip(ends.items(), before, strict=False)
    )

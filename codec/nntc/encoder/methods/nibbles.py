"""Weights of 4 bits that lose precision: other integers of their type, whose bytes are then coded exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.calibration.layers import Along
from nntc.encoder.calibration.statistics import TensorStatistics
from nntc.encoder.device import Device
from nntc.encoder.methods.exact import plan_exact
from nntc.encoder.methods.partition import SMALL, Partition, why_exact
from nntc.encoder.methods.plan import PlannedRecord
from nntc.encoder.quantize.few_levels import FewLevels, lower_entropy
from nntc.encoder.quantize.metric import output_metric
from nntc.encoder.tensors import Tensor
from nntc.encoder.workers import Workers
from nntc.format.registry import ViewKind
from nntc.format.view import View
from nntc.onnx.nibbles import packed
from nntc.onnx.roles import Tolerance

T = TypeVar("T", bound=np.generic)

_SIGN = 8  # of signed nibbles: codes then are in the order of the integers


def find_nibbles(tensors: Sequence[Tensor], exact: Sequence[str] = ()) -> list[int]:
    """Return the numbers of the tensors of 4-bit weights that may lose precision.

    Parameters
    ----------
    exact
        Patterns of names of tensors to keep as they are.
    """
    return [i for i, tensor in enumerate(tensors) if _may_lose(tensor, exact)]


def _may_lose(tensor: Tensor, exact: Sequence[str]) -> bool:
    if tensor.nibbles is None or tensor.weights < SMALL or tensor.tolerance is not Tolerance.WEIGHT:
        return False
    return not why_exact(tensor, exact) and bool(tensor.values().any())


def with_nibbles(partition: Partition, tensors: Sequence[Tensor], exact: Sequence[str] = ()) -> Partition:
    """Return a partition in which 4-bit weights that may lose precision are not among what is exact."""
    found = set(find_nibbles(tensors, exact)).intersection(partition.exact)
    return replace(partition, nibbles=sorted(found), exact=[i for i in partition.exact if i not in found])


def plan_nibbles(
    tensors: Sequence[Tensor],
    noise: Mapping[int, float],
    statistics: Mapping[int, TensorStatistics],
    workers: Workers,
    device: Device,
) -> list[PlannedRecord]:
    """Return records of 4-bit weights.

    Parameters
    ----------
    noise
        By tensor number the noise power to allow, relative to that of the layer's output, or of the weights.
    statistics
        By tensor number what weights are multiplied with, where that is known.
    """
    items = ((tensors[i], allowed, statistics.get(i)) for i, allowed in noise.items())
    changed = list(tensors)
    for i, data in zip(noise, workers.map(quantized_bytes, items, len(noise)), strict=True):
        changed[i] = tensors[i].changed(memoryview(data))
    return plan_exact(changed, dict.fromkeys(noise, ""), workers, device)


def quantized_bytes(tensor: Tensor, noise: float, statistics: TensorStatistics | None = None) -> bytes:
    """Return the bytes of a tensor of 4-bit weights of lower entropy, as it is stored.

    Parameters
    ----------
    noise
        Noise power to allow, relative to the power of the layer's output; without statistics, of the weights.
    statistics
        Of the layer's inputs; what is no statistics of its matrix is not used.
    """
    nibbles = tensor.nibbles
    if nibbles is None:
        raise ValueError("only weights of 4 bits have nibbles")
    stored = nibbles.codes(tensor.data.read())
    flip = _SIGN if nibbles.is_signed else 0
    view = _view(nibbles.shape, statistics)

    def matrix(values: NDArray[T]) -> NDArray[T]:
        return view.to_coded(np.ascontiguousarray(nibbles.cropped(values)).ravel()).reshape(view.rows, -1)

    weights = FewLevels(
        matrix(stored ^ np.uint8(flip)),
        matrix(nibbles.spread(nibbles.scale)),
        matrix(nibbles.spread(nibbles.zero) + np.int8(flip)),
    )
    found = _found(weights, noise, statistics if _describes(statistics, view) else None)
    codes = view.from_coded(found.ravel()) ^ np.uint8(flip)
    return packed(nibbles.filled(codes, stored).ravel()).tobytes()


def _view(shape: tuple[int, ...], statistics: TensorStatistics | None) -> View:
    size = int(np.prod(shape))
    if statistics is not None and statistics.view.size == size:
        return statistics.view
    return View(ViewKind.MATRIX, shape[0], size // shape[0])


def _describes(statistics: TensorStatistics | None, view: View) -> bool:
    return statistics is not None and not statistics.is_diagonal and statistics.view == view


def _found(weights: FewLevels, noise: float, statistics: TensorStatistics | None) -> NDArray[np.uint8]:
    values = weights.values
    if statistics is not None:
        try:
            with np.errstate(all="ignore"):  # what is out of range is found in the result
                metric = output_metric(statistics, values, noise, centred=False)
                power = metric.power(values) / values.size
                if np.isfinite(power) and power > 0 and np.isfinite(metric.factors).all():
                    return lower_entropy(
                        weights, noise * power, metric.factors, along_rows=metric.along is Along.ROWS
                    )
        except np.linalg.LinAlgError:
            pass  # as without samples
    return lower_entropy(weights, noise * float(np.mean(values * values)))

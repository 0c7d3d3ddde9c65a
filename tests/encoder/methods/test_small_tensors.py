"""Small tensors coded together: noise as allowed, relative to what each element matters for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nntc.encoder.methods.small_tensors import code_small_exactly, code_small_tensors
from nntc.encoder.tensors import Tensor
from nntc.format.registry import Tool
from nntc.onnx.roles import Role, Tolerance
from numpy.typing import NDArray

from tests.encoder.tensor.decoding import decode
from tests.encoder.tensors import normal, tensor_of

Array = NDArray[Any]
BIASES = [normal(300, seed=n) * np.float32(10.0**-n) + np.float32(n) for n in range(3)]


def coded(tensors: list[Tensor], noise: float) -> tuple[list[Array], list[Tool]]:
    """Return what tensors become, and the tools of their records."""
    found: dict[int, Array] = {}
    records = code_small_tensors(tensors, range(len(tensors)), [noise] * len(tensors))
    for planned in records:
        data, start = decode(planned.record), 0
        for i in planned.tensors:
            size = tensors[i].data.nbytes
            found[i] = np.frombuffer(data[start : start + size], f"<f{tensors[i].element.width}")
            start += size
    return [found[i] for i in range(len(tensors))], [planned.record.tool for planned in records]


@pytest.mark.parametrize("noise", [1e-2, 1e-4, 1e-6])
def test_each_has_the_noise_it_may_have_relative_to_its_own_spread(noise: float) -> None:
    decoded, tools = coded([tensor_of(own, Role.BIAS) for own in BIASES], noise)
    for own, found in zip(BIASES, decoded, strict=True):
        share = float(np.mean((found.astype(np.float64) - own) ** 2) / np.var(own))
        # The step is one of eight to an octave, rounded down; what is left is what float32 has.
        assert 0.6 * noise < share < 1.15 * noise
    assert Tool.UNIFORM in tools


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_scales_is_rounded_element_by_element(dtype: type[Any]) -> None:
    values = (10.0 ** np.linspace(-3, 3, 200) * np.where(np.arange(200) % 2, 1, -1)).astype(dtype)
    decoded, _ = coded([tensor_of(values, Role.NORMALIZATION, tolerance=Tolerance.SCALING)], 1e-3)
    error = np.abs(decoded[0].astype(np.float64) - values) / np.abs(values.astype(np.float64))
    assert 0.02 < error.max() < 0.1


def test_entries_that_are_small_of_their_kind_keep_a_precision_of_their_own() -> None:
    values = np.concatenate([normal(100), normal(100, seed=1) * np.float32(1e-4)])
    decoded, _ = coded([tensor_of(values, Role.BIAS)], 1e-4)
    small, found = values[100:].astype(np.float64), decoded[0][100:].astype(np.float64)
    assert np.all(np.abs(found - small) <= 0.1 * np.abs(small))


def test_errors_are_relative_to_the_channels_where_these_are_known() -> None:
    values = normal(200)
    scale = np.where(np.arange(200) < 100, 1.0, 1e-3)
    decoded, _ = coded([tensor_of(values * scale.astype(np.float32), Role.BIAS, scale=scale)], 1e-3)
    errors = np.abs(decoded[0] - values * scale) / scale
    assert errors.max() < 0.5
    assert errors[100:].any()


def test_exact_records_hold_the_bits_of_all_and_their_reasons() -> None:
    tensors = [tensor_of(own, Role.BIAS) for own in BIASES]
    planned = code_small_exactly(tensors, [0, 2], {0: "b", 2: "a"})
    assert [(own.tensors, own.record.note) for own in planned] == [((0, 2), "a; b")]
    assert decode(planned[0].record) == BIASES[0].tobytes() + BIASES[2].tobytes()


def test_types_are_coded_apart() -> None:
    tensors = [tensor_of(BIASES[0].astype(t), Role.BIAS) for t in (np.float16, np.float32, np.float16)]
    records = code_small_tensors(tensors, range(3), [1e-3] * 3)
    assert sorted(planned.tensors for planned in records) == [(0, 2), (1,)]

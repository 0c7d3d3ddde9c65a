"""Tensors that are hard to quantize, of other types and of odd shapes."""

from __future__ import annotations

import ml_dtypes
import numpy as np

from tests import networks

RNG = np.random.default_rng(3)


FLAT = (4, 30)


LARGE = (64, 50)


def with_one(values: networks.Array, value: float) -> networks.Array:
    values = values.copy()
    values.ravel()[17] = value
    return values


def with_bits(values: networks.Array, bits: int) -> networks.Array:
    values = values.copy()
    values.ravel().view(f"<u{values.itemsize}")[17] = bits
    return values


def filled_to(values: networks.Array, largest: float) -> networks.Array:
    filled: networks.Array = (values / np.abs(values).max() * largest).astype(values.dtype)
    return filled


def hostile(*shape: int) -> dict[str, networks.Array]:
    """Return tensors that must be coded exactly."""
    weights = networks.heavy(RNG, *shape)
    f4 = np.float32
    return {
        "nan": with_one(weights, np.nan),
        "signalling nan": with_bits(weights, 0x7FA0_0001),
        "all nan": np.full(shape, np.nan, f4),
        "inf": with_one(weights, np.inf),
        "minus inf": with_one(weights, -np.inf),
        "denormal": weights * f4(1e-40),
        "constant": np.full(shape, 0.1, f4),
        "zero": np.zeros(shape, f4),
        "minus zero": np.full(shape, -0.0, f4),
        "near the end of float32": filled_to(weights, 3.3e38),
        "near the end of float16": filled_to(weights.astype(np.float16), 65504),
        "near the end of bfloat16": filled_to(weights, 3.3e38).astype(ml_dtypes.bfloat16),
        "near the end of float64": filled_to(weights.astype(np.float64), 1.7e308),
        "beyond float32": RNG.normal(0, 1e100, shape),
        "below float32": RNG.normal(0, 1e-300, shape),
        "tiny": weights * f4(1e-28),
        "one 1": with_one(np.zeros(shape, f4), 1),
        "two values": np.where(RNG.random(shape) < 0.5, f4(1), np.nextafter(f4(1), f4(2))),
        "trained quantization": RNG.choice(weights.ravel()[:5], shape),
    }


def gentle(*shape: int) -> dict[str, networks.Array]:
    """Return tensors that can be coded with loss."""
    weights = networks.heavy(RNG, *shape)
    spread = RNG.normal(0, 15, shape).clip(-80, 80)
    return {
        "plain": weights,
        "outlier": with_one(weights * np.float32(0.02), 1e30),
        "large": filled_to(weights, 7e37),
        "small": weights * np.float32(1e-20),
        "float16": weights.astype(np.float16),
        "small float16": (weights * 1e-5).astype(np.float16),
        "large float16": filled_to(weights.astype(np.float16), 16_000),
        "bfloat16": weights.astype(ml_dtypes.bfloat16),
        "float64": RNG.normal(0, 1, shape),
        "float64 close to one": 1 + RNG.normal(0, 1e-14, shape),
        "variances": np.exp(RNG.normal(0, 3, shape)).astype(np.float32),
        "variances in float16": np.exp(RNG.normal(-9, 3, shape)).astype(np.float16),
        "wide variances": np.exp(spread).astype(np.float32),
        "wide": (np.sign(RNG.normal(0, 1, shape)) * np.exp(spread)).astype(np.float32),
        "far from zero": (1000 + RNG.normal(0, 1, shape)).astype(np.float32),
    }


def other_types(*shape: int) -> dict[str, networks.Array]:
    real = RNG.normal(0, 1, shape)
    return {
        "int8": RNG.integers(-128, 128, shape).astype(np.int8),
        "uint8": RNG.integers(0, 256, shape).astype(np.uint8),
        "int16": RNG.integers(-(1 << 15), 1 << 15, shape).astype(np.int16),
        "int32": RNG.integers(-(1 << 31), 1 << 31, shape).astype(np.int32),
        "int64": RNG.integers(-(1 << 40), 1 << 40, shape),
        "uint64": RNG.integers(0, 1 << 63, shape).astype(np.uint64),
        "int4": RNG.integers(-8, 8, shape).astype(ml_dtypes.int4),
        "uint4": RNG.integers(0, 16, shape).astype(ml_dtypes.uint4),
        "float8": real.astype(ml_dtypes.float8_e4m3fn),
        "float8 e5m2": real.astype(ml_dtypes.float8_e5m2),
        "bool": RNG.random(shape) < 0.3,
        "complex64": (real + 1j * RNG.normal(0, 1, shape)).astype(np.complex64),
        "complex128": real + 1j * RNG.normal(0, 1, shape),
    }


EXACT = {f"{name} {shape}": v for shape in (FLAT, LARGE) for name, v in hostile(*shape).items()}


LOSSY = {f"{name} {shape}": v for shape in (FLAT, LARGE) for name, v in gentle(*shape).items()}


OTHER = {f"{name} {shape}": v for shape in (FLAT, LARGE) for name, v in other_types(*shape).items()}


SHAPES: dict[str, networks.Array] = {
    "empty": np.zeros((0, 5), np.float32),
    "scalar": np.array(0.37, np.float32),
    "one value": np.array([1e30], np.float32),
    "row": networks.heavy(RNG, 1, 100_000),
    "column": networks.heavy(RNG, 100_000, 1),
    "vector": RNG.normal(0, 1, 50_001).astype(np.float32),
    "prime": networks.heavy(RNG, 4099),
    "rank 7": networks.heavy(RNG, 2, 3, 4, 5, 6, 1, 7),
    "sixteen": networks.heavy(RNG, 16),
}

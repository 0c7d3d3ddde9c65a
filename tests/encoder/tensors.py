"""Tensors as methods are given them."""

from __future__ import annotations

from typing import Any

import numpy as np
from nntc.encoder.split.content import Stretch
from nntc.encoder.tensors import Tensor
from nntc.format.registry import ElementType, ViewKind
from nntc.format.view import View
from nntc.onnx.roles import Role
from numpy.typing import NDArray

_ELEMENTS = {
    "float16": ElementType.FLOAT16,
    "float32": ElementType.FLOAT32,
    "float64": ElementType.FLOAT64,
    "int64": ElementType.OPAQUE8,
}


def tensor_of(values: NDArray[Any], role: Role = Role.DENSE, name: str = "w", **chosen: Any) -> Tensor:
    """Return a tensor of an array: its first axis is the rows, where it has more than one axis."""
    rows = values.shape[0] if values.ndim > 1 else 1
    view = chosen.pop("view", None) or View(ViewKind.MATRIX, rows, values.size // rows)
    data = Stretch.of(memoryview(values.tobytes()))
    element = _ELEMENTS[values.dtype.name]
    chosen.setdefault("names", (name,))
    return Tensor(name, role, element, view, data, data, 0, values.shape, None, **chosen)


def normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Return normal numbers, float32."""
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)

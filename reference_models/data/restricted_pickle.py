"""Pickles that hold arrays, numbers, text and containers of these, and nothing that runs.

CIFAR-10's batches and Keras' `imdb.npz` are pickles, which may name any function of Python to be called.
This reader knows the few names by which numpy's arrays are described, puts harmless stand-ins for them, and
refuses every other name. Arrays are made from the description afterwards, their sizes checked.
"""

from __future__ import annotations

import math
import pickle
from typing import Any, BinaryIO, ClassVar

import numpy as np

_NUMBERS = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "b1")
_OBJECTS = ("O8", "O")


class _DataType:
    """Stands in for numpy.dtype."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code
        self.order = "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = str(state[1])


class _Array:
    """Stands in for numpy.ndarray."""

    def __init__(self) -> None:
        self.value: Any = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, columns_first, content = state
        if kind.code in _OBJECTS:
            self.value = list(content)
            return
        if kind.code not in _NUMBERS or kind.order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError(f"array of type {kind.code}")
        data = content.encode("latin1") if isinstance(content, str) else content
        numbers = np.frombuffer(data, np.dtype(kind.code).newbyteorder(kind.order))
        if math.prod(shape) != numbers.size:
            raise pickle.UnpicklingError("array of another size than its shape says")
        self.value = numbers.reshape(shape, order="F" if columns_first else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _encode(text: str, *_: object) -> bytes:
    """Return the bytes that Python 3 writes as text into pickles that Python 2 can read."""
    return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    _names: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _DataType,
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("_codecs", "encode"): _encode,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of a name."""
        if (module, name) not in self._names:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which no data set needs")
        return self._names[module, name]


def restricted_load(file: BinaryIO) -> Any:
    """Read a pickle written by Python 2 or 3.

    Returns
    -------
    The value. An array of objects becomes a list; arrays are looked for at the top and in a dict at the top.

    Raises
    ------
    pickle.UnpicklingError
        Whatever is wrong with the file.
    """
    try:
        value = _Unpickler(file, encoding="latin1").load()
    except pickle.UnpicklingError:
        raise
    except Exception as e:  # a damaged pickle raises about any exception
        raise pickle.UnpicklingError(f"damaged: {e}") from e
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return _plain(value)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, _Array) else value

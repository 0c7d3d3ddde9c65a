"""Arithmetic as the format demands it, whatever the thread of the caller was set to.

Implements SPEC.md 9.7 (R-540): a library in the same process may have set its thread to take subnormal
numbers for zero, as PyTorch does when asked to, or to round another way, and threads that it starts inherit
that. What numpy does of an overflow can be set too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

_REACTIONS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""numpy's own."""
_LEAST_NORMAL = float.fromhex("0x1p-1022")
_ONE = 1.0
_FOURTH = float.fromhex("0x1p-54")
"""Of the distance from 1 to the next number above it."""


def in_standard_arithmetic(function: Callable[P, T]) -> Callable[P, T]:
    """Let a function compute with subnormal numbers, to the nearest, and with numpy's own reactions.

    What the thread was set to is set again at the end. The function raises ArithmeticError if the thread is
    set to something else, and how to set it back on this system is not known.
    """

    @wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> T:
        if _is_standard() and np.geterr() == _REACTIONS:
            return function(*args, **kwargs)
        with _standard():
            return function(*args, **kwargs)

    return computed


def _is_standard() -> bool:
    """Return whether a subnormal number is kept, and what is near 1 on either side is rounded to it."""
    return _LEAST_NORMAL / 2 > 0 and _ONE + _FOURTH == _ONE - _FOURTH / 2 == _ONE


@contextmanager
def _standard() -> Iterator[None]:
    with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
        if _is_standard():
            yield
            return
        if sys.platform != "linux":
            raise ArithmeticError(
                "this thread takes subnormal numbers for zero, or does not round to nearest"
            )
        import ctypes  # hardly ever needed

        library, before = ctypes.CDLL(None), ctypes.create_string_buffer(256)  # no `fenv_t` is larger
        library.fegetenv(before)
        library.fesetenv(ctypes.c_void_p(-1))  # FE_DFL_ENV
        try:
            yield
        finally:
            library.fesetenv(before)

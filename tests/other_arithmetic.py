"""Threads set to other arithmetic than the format's."""

from __future__ import annotations

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

RULING = {"x86_64": (28, 0x8040 | 0x4000), "aarch64": (0, 1 << 24 | 1 << 22)}
"""For a processor, where in Linux's `fenv_t` the word is that rules arithmetic, and the bits that do this."""


@contextmanager
def other_arithmetic() -> Iterator[None]:
    """Takes subnormal numbers for zero and rounds upward, in this thread; skips where it cannot."""
    if platform.machine() not in RULING or sys.platform != "linux":
        pytest.skip("how to set arithmetic here is not known")
    library, before = ctypes.CDLL(None), ctypes.create_string_buffer(256)
    library.fegetenv(before)
    place, bits = RULING[platform.machine()]
    changed = ctypes.create_string_buffer(before.raw, 256)
    ctypes.c_uint32.from_buffer(changed, place).value |= bits
    try:
        library.fesetenv(changed)
        yield
    finally:
        library.fesetenv(before)

"""Arrays that end where a page ends that nobody may read."""

from __future__ import annotations

import ctypes
import mmap
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray


def guarded(values: NDArray[Any]) -> NDArray[Any]:
    """Return a copy behind which reading a byte ends the process; skips the test where that cannot be."""
    if sys.platform != "linux":
        pytest.skip("no mprotect")
    pages = -(-max(values.nbytes, 1) // mmap.PAGESIZE)
    memory = mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    end = pages * mmap.PAGESIZE
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    if protect(address + end, mmap.PAGESIZE, 0):
        raise OSError(ctypes.get_errno(), "mprotect")
    copy = np.frombuffer(memory, values.dtype, values.size, end - values.nbytes)
    copy[...] = values
    return copy

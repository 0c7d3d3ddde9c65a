"""Kernels that make elements of what was decoded.

Implements SPEC.md 9.6 and 9.7 (R-530, R-540).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nntc.kernels.choice import chosen

if TYPE_CHECKING:
    from nntc.decoder.entropy.runs import Tokens
    from nntc.decoder.tensor.uniform import Uniform


class ElementKernels(Protocol):
    """What an implementation has; see the functions of this module."""

    def reconstruct(
        self,
        record: Uniform,
        tokens: Tokens,
        row_codes: NDArray[np.uint8] | None,
        column_codes: NDArray[np.uint8] | None,
    ) -> NDArray[Any] | None:
        """See `reconstruct`."""

    def join_planes(self, planes: Sequence[NDArray[np.uint8]], *, rotated: bool) -> NDArray[Any]:
        """See `join_planes`."""

    def new_bytes(self, size: int) -> tuple[bytes, memoryview] | None:
        """See `new_bytes`."""


def _kernels() -> ElementKernels:
    kernels: ElementKernels
    if chosen() == "native":
        from nntc.kernels.native import elements as kernels
    else:
        from nntc.kernels.numpy import elements as kernels
    return kernels


def reconstruct(
    record: Uniform,
    tokens: Tokens,
    row_codes: NDArray[np.uint8] | None,
    column_codes: NDArray[np.uint8] | None,
) -> NDArray[Any] | None:
    """Make all elements of a uniform record in one pass.

    Parameters
    ----------
    record
        What was parsed.
    tokens
        The decoded tokens of its levels.
    row_codes, column_codes
        uint8 [rows] and [columns]: step codes, or None.

    Returns
    -------
    The elements in coded order, as of `nntc.format.rounding.round_to_element`. None leaves it to
    `nntc.decoder.tensor.uniform`, which takes one step after the other: the record is not valid, which that
    says exactly, or these kernels are no faster.
    """
    return _kernels().reconstruct(record, tokens, row_codes, column_codes)


def join_planes(planes: Sequence[NDArray[np.uint8]], *, rotated: bool) -> NDArray[Any]:
    """Return elements whose bytes are in planes.

    Parameters
    ----------
    planes
        uint8, rank 1, one for each byte of an element, the most significant first: 1, 2, 4, 8 or 16.
    rotated
        Whether the sign was put last, where there are less than 16.

    Returns
    -------
    Unsigned integers, or 16-byte voids, rank 1.
    """
    return _kernels().join_planes(planes, rotated=rotated)


def new_bytes(size: int) -> tuple[bytes, memoryview] | None:
    """Return bytes whose content is still to be written, and the view through which that is done.

    The view is to be released before anybody else sees the bytes. None where there is no such thing, or not
    so much memory.
    """
    return _kernels().new_bytes(size)

"""The elements of a base that those of a new tensor came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.split.content import Stretch
from nntc.encoder.tensors import Tensor
from nntc.encoder.update.grid import Grid
from nntc.format.patterns import values_of
from nntc.format.registry import ElementType
from nntc.format.view import View


@dataclass(frozen=True, slots=True, eq=False)
class BaseElements:
    """The elements of the base that those of a tensor came from.

    Parameters
    ----------
    start
        Place in the base of the first, in bytes.
    element
        Their type.
    data
        Their bytes, as whoever decodes has them.
    exact
        What they were before they were coded, and of which type, where that is known; else the same.
    grid
        What their levels stand for, if they have any.
    noise
        ||decoded - original|| / ||original|| of the tensor that they are of, None where that is not known.
    """

    start: int
    element: ElementType
    data: Stretch
    exact: tuple[Stretch, ElementType]
    grid: Grid | None = None
    noise: float | None = 0.0

    def __reduce__(self) -> tuple[Any, ...]:
        # An open file cannot be pickled; its bytes can.
        data, exact = (bytes(own.read()) for own in (self.data, self.exact[0]))
        return _restore, (self.start, self.element, data, exact, self.exact[1], self.grid, self.noise)

    def bits(self, view: View) -> NDArray[Any]:
        """Return the bit patterns in coded order."""
        return view.to_coded(np.frombuffer(self.data.read(), f"<u{self.element.width}"))

    def values(self, view: View) -> NDArray[np.float64]:
        """Return the values that a decoder adds to, in coded order."""
        return values_of(self.bits(view), self.element)

    def noise_part(self, tensor: Tensor) -> float:
        """Return what part of a tensor's change is noise of the base, by power; all where none is known."""
        coded = self.values(tensor.view)
        change = tensor.values() - coded
        power = float(change @ change)
        if self.noise is None or not power > 0:
            return 1.0
        return min(self.noise**2 * float(coded @ coded) / power, 1.0)

    def exact_values(self, view: View) -> NDArray[np.float64]:
        """Return the values before they were coded."""
        stretch, element = self.exact
        return values_of(view.to_coded(np.frombuffer(stretch.read(), f"<u{element.width}")), element)


def _restore(
    start: int,
    element: ElementType,
    data: bytes,
    exact: bytes,
    exact_type: ElementType,
    grid: Grid | None,
    noise: float | None,
) -> BaseElements:
    own, other = (Stretch.of(memoryview(d)) for d in (data, exact))
    return BaseElements(start, element, own, (other, exact_type), grid, noise)

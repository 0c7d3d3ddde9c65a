"""Elements made of what was decoded: numpy takes one step after the other in any case."""

from __future__ import annotations

from typing import Any


def reconstruct(*record: Any) -> None:
    """Leave it to the decoder; as `nntc.kernels.elements.reconstruct`."""

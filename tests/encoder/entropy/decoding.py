"""Decoding of written records, for tests of entropy coders."""

from __future__ import annotations

from conformance.reference_decoder.coding import Setting
from conformance.reference_decoder.views import MatrixView


def setting(count: int) -> Setting:
    """What the reference decoder needs to know of a tensor of one row."""
    return Setting(0, [], MatrixView(1, count, 1, transposed=False))

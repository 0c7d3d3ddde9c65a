"""Frequency tables in their bit run: there is nothing in them to do side by side."""

from __future__ import annotations

from collections.abc import Sequence

from nntc.format.tables import FrequencyTable


def parse_tables(data: memoryview, begin: int, count: int) -> tuple[Sequence[FrequencyTable], int] | None:  # noqa: ARG001
    """Leave it to the reader; as `nntc.kernels.decoding.parse_tables`."""
    return None

"""Frequency tables, read by the kernels where those can.

Implements SPEC.md 8.7 (R-460).
"""

from __future__ import annotations

from collections.abc import Sequence

from nntc.format import tables
from nntc.format.fields import SectionStream
from nntc.format.tables import FrequencyTable
from nntc.kernels.decoding import parse_tables


def read_tables(stream: SectionStream, count: int) -> Sequence[FrequencyTable]:
    """Read one bit run of `count` frequency tables; raises as `nntc.format.tables.read_tables` does."""
    begin = stream.tell()
    with stream.getbuffer() as data:
        parsed = parse_tables(data, begin, count)
    if parsed is None:
        return tables.read_tables(stream, count)
    found, used = parsed
    stream.seek(begin + used)
    return found

"""Frequency tables are read alike by all kernels, and what is at fault with them is found alike."""

from __future__ import annotations

from random import Random

from hypothesis import given
from nntc.decoder.entropy.tables import read_tables
from nntc.errors import FormatError
from nntc.format import tables
from nntc.format.fields import SectionStream

from conformance.proof import samples
from tests import strategies


def outcome(read: object, data: bytes, count: int) -> object:
    """Return tables and where they end, or id and offset of the error."""
    stream = SectionStream(data, 5)
    try:
        found = read(stream, count)  # type: ignore[operator]
    except FormatError as e:
        return e.id, e.offset
    return [(t.first, t.frequencies.dtype, t.frequencies.tolist()) for t in found], stream.tell()


@given(strategies.chance())
def test_valid_and_damaged_runs_are_read_as_the_format_has_them(rng: Random) -> None:
    needed = [min(255, int(rng.expovariate(0.1))) for _ in range(30)]
    made = [samples.random_table(rng, needed) for _ in range(rng.randint(1, 4))]
    data = samples.write_tables(made)
    longer = data + b"ab"
    assert outcome(read_tables, longer, len(made)) == outcome(tables.read_tables, longer, len(made))
    for _ in range(5):
        at = rng.randrange(len(data))
        changed = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        for other in (changed, changed[:at], data[:at]):
            assert outcome(read_tables, other, len(made)) == outcome(tables.read_tables, other, len(made))

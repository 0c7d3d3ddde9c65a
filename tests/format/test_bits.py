from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError
from nntc.format.bits import BitReader, BitWriter, pack, packed_size, padding_is_zero, unpack
from nntc.format.fields import SectionStream

from conformance.proof import samples

FIELDS = st.lists(
    st.integers(0, 12).flatmap(lambda w: st.tuples(st.integers(0, max(0, (1 << w) - 1)), st.just(w))),
    max_size=40,
)


@given(FIELDS, st.lists(st.integers(0, 26), max_size=20), st.binary(max_size=20))
def test_bit_runs_come_back_and_end_where_they_end(
    fields: list[tuple[int, int]], counts: list[int], rest: bytes
) -> None:
    writer = BitWriter()
    for value, width in fields:
        writer.write(value, width)
    for count in counts:
        writer.unary(count)
    data = writer.getvalue()
    assert data == samples.bit_run([*fields, *(((1 << n) - 1, n + 1) for n in counts)])
    stream = SectionStream(data + rest, 0)
    reader = BitReader(stream)
    assert [reader.read(width) for _, width in fields] == [value for value, _ in fields]
    assert [reader.unary(26) for _ in counts] == counts
    reader.finish()
    assert stream.read() == rest


def test_padding_that_is_not_zero_is_reported_at_the_last_byte() -> None:
    stream = SectionStream(b"\xff\x0f\x55", 10)
    reader = BitReader(stream)
    assert reader.read(11) == 0x7FF
    with pytest.raises(FormatError) as caught:
        reader.finish()
    assert (caught.value.id, caught.value.offset) == ("E_PADDING", 11)


def test_a_missing_byte_is_where_the_section_ends() -> None:
    for method, argument in (("read", 12), ("unary", 26)):
        reader = BitReader(SectionStream(b"\xff", 10))
        with pytest.raises(FormatError) as caught:
            getattr(reader, method)(argument)
        assert (caught.value.id, caught.value.offset) == ("E_TRUNCATED", 11)


@pytest.mark.parametrize("ones", [26, 27, 28, 40, 100])
def test_unary_codes_have_a_limit(ones: int) -> None:
    run = BitWriter()
    run.write(0b101, 3)
    run.unary(ones)
    reader = BitReader(SectionStream(run.getvalue(), 10))
    reader.read(3)
    if ones == 26:
        assert reader.unary(26) == 26
        return
    with pytest.raises(FormatError) as caught:
        reader.unary(26)
    assert (caught.value.id, caught.value.offset) == ("E_TABLE", 10)


@given(st.integers(1, 24), st.data())
def test_packed_fields_come_back_from_any_place(width: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, (1 << width) - 1), min_size=1, max_size=60))
    packed = pack(np.array(values, np.uint32), width)
    assert packed == samples.bit_run([(v, width) for v in values])
    assert len(packed) == packed_size(len(values), width)
    assert padding_is_zero(packed, len(values), width)
    skip = data.draw(st.integers(0, len(values) - 1))
    count = data.draw(st.integers(0, len(values) - skip))
    assert unpack(packed, count, width, skip * width).tolist() == values[skip : skip + count]
    used = len(values) * width % 8
    if used:
        dirty = packed[:-1] + bytes([packed[-1] | 1 << data.draw(st.integers(used, 7))])
        assert not padding_is_zero(dirty, len(values), width)
        assert unpack(dirty, len(values), width).tolist() == values

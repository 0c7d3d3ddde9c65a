"""Fields and layouts: what is read is what was written, checks in their order, faults at their field."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError, UnsupportedError
from nntc.format.fields import Layout, Number, Raw, SectionStream, SVarInt, VarInt, f32, u8, u32


@dataclass(frozen=True, slots=True)
class Example:
    kind: int
    size: int
    extra: int | None
    name: bytes


EXAMPLE = Layout(
    Example,
    kind=u8()
    .must("R-153", "E_RESERVED", "kind", lambda v, *_: v != 0)
    .must("R-154", "E_UNSUPPORTED", "kind", lambda v, _, given: v <= given["highest"]),
    size=VarInt().within("R-156", 0, 300, "E_LIMIT", "size"),
    extra=SVarInt().when(lambda fields, _: fields["kind"] == 2),
    name=Raw(lambda fields, _: fields["size"] % 4),
)


def fault(data: bytes, base: int = 10) -> tuple[str, int | None]:
    with pytest.raises(FormatError) as caught:
        EXAMPLE.read(SectionStream(data, base), highest=2)
    return caught.value.id, caught.value.offset


@given(st.integers(1, 2), st.integers(0, 300), st.integers(-(2**40), 2**40))
def test_a_layout_reads_what_it_wrote(kind: int, size: int, extra: int) -> None:
    value = Example(kind, size, extra if kind == 2 else None, b"abc"[: size % 4])
    stream = SectionStream(EXAMPLE.write(value), 0)
    assert EXAMPLE.read(stream, highest=2) == value
    stream.finish("example")
    stream.seek(0)
    declared = EXAMPLE.declaration.parse_stream(stream, highest=2)
    assert Example(declared.kind, declared.size, declared.extra, declared.name) == value


def test_faults_are_reported_at_the_first_byte_of_their_field() -> None:
    assert fault(b"") == ("E_TRUNCATED", 10)
    assert fault(b"\x00\xff\xff\x7f") == ("E_RESERVED", 10)
    assert fault(b"\x03") == ("E_UNSUPPORTED", 10)
    assert fault(b"\x01\xad\x02") == ("E_LIMIT", 11)
    assert fault(b"\x01\x80\x00") == ("E_VARINT", 11)
    assert fault(b"\x02\xac\x02\x80") == ("E_TRUNCATED", 13)
    assert fault(b"\x01\x03ab") == ("E_TRUNCATED", 12)


def test_what_needs_a_newer_decoder_is_an_error_of_its_own_kind() -> None:
    with pytest.raises(UnsupportedError):
        EXAMPLE.read(SectionStream(b"\x03", 0), highest=2)


@pytest.mark.parametrize(("field", "value"), [(u8(), 200), (u32(), 2**32 - 1), (f32(), -0.5)])
def test_numbers_are_little_endian(field: Number, value: float) -> None:
    data = field.put(value)
    assert field.read(SectionStream(data, 0)) == value
    for size in range(len(data)):
        with pytest.raises(FormatError) as caught:
            field.read(SectionStream(data[:size], 7))
        assert (caught.value.id, caught.value.offset) == ("E_TRUNCATED", 7)
    assert u32().put(1) == b"\x01\x00\x00\x00"


def test_a_valid_value_becomes_what_it_stands_for() -> None:
    assert u8().becomes(chr).read(SectionStream(b"A", 0)) == "A"


def test_skipping_makes_no_check() -> None:
    kind = u8().within("R-153", 1, 2, "E_RESERVED", "kind")
    layout = Layout(Example, kind=kind, size=u8(), extra=u8(), name=Raw(1))
    stream = SectionStream(b"\x00\x00\x00\x00", 0)
    layout.skip(stream)
    assert stream.tell() == 4
    with pytest.raises(FormatError) as caught:
        layout.skip(SectionStream(b"\x00\x00", 3))
    assert (caught.value.id, caught.value.offset) == ("E_TRUNCATED", 5)


def test_bytes_left_are_trailing() -> None:
    stream = SectionStream(b"\x01\x02", 5)
    u8().read(stream)
    with pytest.raises(FormatError) as caught:
        stream.finish("example")
    assert (caught.value.id, caught.value.offset) == ("E_TRAILING", 6)


def test_nothing_keeps_a_stream_that_has_been_read() -> None:
    gc.disable()
    try:
        stream = SectionStream(b"\x01\x00", 0)
        gone = weakref.ref(stream)
        read = EXAMPLE.read(stream, highest=2)
        del stream
        assert gone() is None
        assert read.name == b""
    finally:
        gc.enable()

"""The walker over protobuf wire format."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import ModelError
from nntc.onnx.protobuf import DELIMITED, BlockRead, Read, are_plain, fields, signed, varints

from tests.onnx.wire import find, num, sub, varint


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"\x3a", 1),
        (b"\x3a\x01", 0),
        (b"\x3a\x80", 1),
        (sub(7, b"\x2a\x05abc"), 2),
        (b"\x08" + b"\xff" * 10 + b"\x01", 1),
        (b"\x80\x80\x80\x80\x10\x00", 0),  # tag of 33 bits
        (b"\x02\x00", 0),
        (b"\x00\x00", 0),
        (b"\x0c", 0),
        (b"\x0b\x14", 1),
        (b"\x0b\x08\x01", 0),
        (b"\x0b" * 101, 100),
        (b"\x0f\x00", 0),
        (b"\x0e", 0),
        (b"\x0d\x00\x00\x00", 0),
        (b"\x09" + bytes(7), 0),
        (sub(7, sub(5, sub(1, b"\x80"))), 6),
        (sub(7, sub(5, num(1, 1) * 65)), None),
        (sub(7, sub(5, sub(1, b"\x01" * 641))), None),
    ],
)
def test_malformed_protobuf(data: bytes, offset: int | None) -> None:
    with pytest.raises(ModelError) as error:
        find(data)
    assert error.value.id == "E_PROTOBUF"
    assert offset is None or error.value.offset == offset


def test_depth_is_limited() -> None:
    def nested(depth: int) -> bytes:
        data = b""
        for _ in range(depth):
            data = sub(1, sub(5, sub(6, data)))
        return sub(7, data)

    assert find(nested(33)) == []
    with pytest.raises(ModelError, match="nested") as error:
        find(nested(34))
    assert error.value.id == "E_PROTOBUF"


@given(st.lists(st.integers(0, (1 << 64) - 1)))
def test_varints(values: list[int]) -> None:
    data = b"".join(varint(value) for value in values)
    assert varints(data, 0) == values
    numbered = b"".join(num(1, value) for value in values)
    read = [value for *_, value in fields(lambda o, n: numbered[o : o + n], [(0, len(numbered))])]
    assert read == values


def test_signed() -> None:
    assert signed((1 << 64) - 1) == -1
    assert signed(1 << 63) == -(1 << 63)
    assert signed((1 << 32) + 5, 32) == 5
    assert signed((1 << 64) - 2, 32) == -2


def found(read: Read, size: int) -> object:
    try:
        return list(fields(read, [(0, size)]))
    except ModelError as error:
        return error.id, error.offset


MESSAGES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.builds(num, st.integers(1, 40), st.integers(0, 2**64 - 1)),
        st.builds(sub, st.integers(1, 40), st.integers(0, 300).map(bytes)),
        st.just(b"\x0d1234"),
        st.just(b"\x0b\x08\x01\x0c"),
    ),
    max_size=8,
).map(b"".join)


@given(MESSAGES, st.integers(2, 40))
def test_bytes_at_hand_change_nothing(data: bytes, block: int) -> None:
    def read(offset: int, length: int) -> bytes:
        assert 0 <= offset <= offset + length <= len(data)
        return data[offset : offset + length]

    assert found(BlockRead(data, block), len(data)) == found(read, len(data))


@given(MESSAGES)
def test_what_is_plain_has_only_short_fields_of_these_numbers(data: bytes) -> None:
    numbers = {1, 2, 3}
    if are_plain(BlockRead(data), 0, len(data), numbers):
        all_fields = list(fields(BlockRead(data), [(0, len(data))]))
        assert all(number in numbers and wire == DELIMITED for number, wire, _, _ in all_fields)


def test_names_of_a_node_are_plain_and_attributes_are_not() -> None:
    node = sub(1, b"x") + sub(2, b"y") + sub(4, b"Relu")
    assert are_plain(BlockRead(node), 0, len(node), {1, 2, 4})
    assert not are_plain(BlockRead(node), 0, len(node), {1, 2})
    assert not are_plain(BlockRead(node), 0, len(node) - 1, {1, 2, 4})
    assert not are_plain(BlockRead(node + sub(1, bytes(128))), 0, len(node) + 131, {1, 2, 4})
    assert not are_plain(BlockRead(node, 4), 0, len(node), {1, 2, 4})  # not at hand


def test_fields_are_counted() -> None:
    class Counting(BlockRead):
        count = 0

        def passed(self, count: int) -> None:
            self.count += count

    data = num(1, 1) * 10_000
    read = Counting(data)
    assert len(list(fields(read, [(0, len(data))]))) == read.count == 10_000


def test_walker_needs_the_standard_library_only() -> None:
    code = "import nntc.onnx.model, sys; print({'numpy', 'onnx', 'google'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"

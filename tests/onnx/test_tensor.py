"""Payloads of TensorProto: where they are and how long."""

from __future__ import annotations

import pytest
from nntc.errors import ModelError
from nntc.onnx.tensor import External, WireTensor, payload_length

from tests.onnx.wire import F32_8, RAW, find, initializer, num, sub

FLOATS = sub(4, bytes(range(32)))


def test_raw_payload_is_found_at_its_offset() -> None:
    data = initializer(F32_8, sub(8, b"w"), RAW)
    assert find(data) == [
        WireTensor("w", ("graph", "initializer", 0), 1, (8,), "raw_data", len(data) - 32, 32, None)
    ]


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        (F32_8 + RAW, "raw_data"),
        (RAW + F32_8, "raw_data"),
        (F32_8 + FLOATS, "float_data"),
        (num(1, 4) + num(2, 14) + FLOATS, "float_data"),
        (num(1, 4) + num(2, 11) + sub(10, bytes(32)), "double_data"),
        (num(1, 2) + num(2, 15) + sub(10, bytes(32)), "double_data"),
        (sub(1, b"\x02\x02\x02") + num(2, 1) + RAW, "raw_data"),
        (sub(1, b"\x02") + num(1, 4) + num(2, 1) + RAW, "raw_data"),
        (num(1, 64) + num(2, 22) + RAW, "raw_data"),
        (num(1, 63) + num(2, 21) + RAW, "raw_data"),
        (num(1, 128) + num(2, 26) + RAW, "raw_data"),
        (F32_8 + RAW + sub(4), "raw_data"),  # an empty field is no second payload
        (F32_8 + sub(9) + FLOATS, "float_data"),
        (num(1, 3) + num(2, 1) + RAW + num(2, 1) + num(1, 2) + num(1, 1), None),  # 3x2x1
        (F32_8 + RAW + RAW, None),
        (F32_8 + RAW + FLOATS, None),
        (F32_8 + sub(4, bytes(16)) + sub(4, bytes(16)), None),
        (F32_8 + sub(4, bytes(28)) + b"\x25" + bytes(4), None),
        (F32_8 + (b"\x25" + bytes(4)) * 8, None),
        (F32_8 + RAW + num(5, 1), None),
        (F32_8 + RAW + sub(7, b"\x01"), None),
        (F32_8 + sub(9, bytes(31)), None),
        (num(1, 4) + num(2, 11) + FLOATS, None),  # float_data does not hold doubles
        (num(1, 1) + num(2, 8) + RAW, None),
        (num(1, 32) + num(2, 99) + RAW, None),
        (num(1, 32) + RAW, None),  # no type
        (num(1, (1 << 64) - 8) + num(1, (1 << 64) - 1) + num(2, 1) + RAW, None),  # negative sizes
        (b"".join(num(1, (1 << 63) - 1) for _ in range(60)) + num(2, 1) + RAW, None),
        (num(1, 0) + num(2, 1) + sub(9), None),
    ],
)
def test_payload_is_one_stretch_of_the_right_size(tensor: bytes, kind: str | None) -> None:
    (found,) = find(initializer(tensor))
    assert found.payload == kind
    assert (found.length > 0) == (kind is not None)


def test_external_data() -> None:
    def entry(key: bytes, value: bytes) -> bytes:
        return sub(13, sub(1, key), sub(2, value))

    tensor = (
        F32_8
        + entry(b"location", b"old")
        + entry(b"location", b"w.bin")
        + entry(b"checksum", b"00")
        + entry(b"length", b"32")
        + entry(b"offset", b"4096")
    )
    data = initializer(tensor, num(14, 1))
    (found,) = find(data)
    assert found.external == External("w.bin", data.index(b"w.bin"), 5, 4096, 32)
    assert found.payload is None
    assert find(initializer(tensor, num(14, 0)))[0].external is None
    assert find(initializer(tensor, RAW))[0].payload == "raw_data"
    both = find(initializer(tensor, RAW, num(14, 1)))[0]
    assert both.payload is None
    assert both.external is not None
    assert both.external.offset == 4096
    (plain,) = find(initializer(F32_8, entry(b"location", b"\xff"), num(14, 1)))
    assert plain.external is not None
    assert (plain.external.location, plain.external.offset, plain.external.length) == ("\udcff", 0, None)
    for bad, error_id in [
        (b"", "E_EXTERNAL"),
        (sub(13, sub(2, b"w")), "E_EXTERNAL"),
        (entry(b"location", b"w" * 5000), "E_LOCATION"),
        (entry(b"location", b"w") + entry(b"offset", b"-1"), "E_EXTERNAL"),
        (entry(b"location", b"w") + entry(b"length", b"1" * 20), "E_EXTERNAL"),
        (entry(b"location", b"w") + entry(b"length", b""), "E_EXTERNAL"),
    ]:
        with pytest.raises(ModelError) as error:
            find(initializer(F32_8, bad, num(14, 1)))
        assert error.value.id == error_id
        assert error.value.offset is not None


def test_payload_length() -> None:
    assert payload_length(1, ()) == 4
    assert payload_length(10, (3, 5)) == 30
    assert payload_length(22, (3, 5)) == 8
    assert payload_length(25, (5,)) == 2
    assert payload_length(11, (3, 0)) == 0
    assert payload_length(15, (2,)) == 32
    assert payload_length(8, (2,)) is None
    assert payload_length(1, (-1, -4)) is None

from __future__ import annotations

import hashlib
import struct

import pytest
from nntc.decoder.directory import read_directory
from nntc.format.signature import is_usable_key, key_id, signed_message
from nntc.sources.source import BytesSource

from conformance.proof import samples
from tests.decoder.files import one_byte

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P

Point = tuple[int, int]


def plus(a: Point, b: Point) -> Point:
    """Addition on the curve (RFC 8032, 5.1.4), affine."""
    k = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P


def point(y: int) -> Point:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    return x, y


def written(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def points_of_order_8() -> list[int]:
    """y of all points that eight times give the neutral one: those that a small order leaves of any point."""
    order = 2**252 + 27742317777372353535851937790883648493
    found: set[int] = set()
    for y in range(2, 40):
        try:
            start = point(y)
        except AssertionError:
            continue
        left: Point = (0, 1)
        for bit in bin(order)[2:]:
            left = plus(left, left)
            left = plus(left, start) if bit == "1" else left
        found.add(left[1])
    return sorted(found)


def test_no_point_of_small_order_is_a_key() -> None:
    small = points_of_order_8()
    assert len(small) == 5
    for y in small:
        for sign in (0, 1):
            assert not is_usable_key(written(y, sign))
    for y in (P, P + 1, P + 18, 2**255 - 1):
        assert not is_usable_key(written(y))
        assert not is_usable_key(written(y, 1))
    for y in (BASE_Y, 2, P - 2):
        assert is_usable_key(written(y))


def test_the_id_is_of_the_32_bytes() -> None:
    # Of TEST 1 of RFC 8032, 7.1.
    key = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert key_id(key) == hashlib.sha256(key).digest()[:8]


@pytest.mark.parametrize("signatures", [[], [b"x"], [b"x" * 73, b"", b"y" * 200]])
def test_the_message_is_the_file_without_signatures(signatures: list[bytes]) -> None:
    plain = one_byte(more=[(0x81, b"\x07whatever", 0)])
    length = struct.unpack_from("<I", plain, 16)[0]
    digest = hashlib.sha256(plain[:24] + plain[28 : 28 + length]).digest()
    directory = read_directory(BytesSource(plain))
    sections = [(s.type, plain[s.offset : s.offset + s.length], s.output) for s in directory.sections]
    data = samples.container(1, [*((0x82, content, 0) for content in signatures), *sections])
    found = read_directory(BytesSource(data))
    message = signed_message(found.header, found.entries, b"identity")
    assert message == b"nntc SIGNATURE 1\x01identity" + digest

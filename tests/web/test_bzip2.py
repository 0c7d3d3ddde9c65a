"""The decoder of bzip2 for WebAssembly, compiled for this machine, beside libbzip2."""

from __future__ import annotations

import bz2
import ctypes
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.libnntc.building import ROOT, build

WEB = ROOT / "codec" / "nntc-web" / "wasm"
TAKE = """
#include <stdlib.h>
void *web_take(size_t n);
void *web_take(size_t n) { return malloc(n); }
"""
Decode = Callable[[bytes, int], bytes | None]


@pytest.fixture(scope="module")
def decode(tmp_path_factory: pytest.TempPathFactory) -> Decode:
    """Function of a stream and a size: the bytes, or None if it is refused."""
    folder = tmp_path_factory.mktemp("bzip2")
    (folder / "take.c").write_text(TAKE, "utf-8")
    sources = [WEB / "bzip2.c", folder / "take.c"]
    library = ctypes.CDLL(str(build(sources, folder / "bzip2.so", "-O2", "-shared", "-fPIC", f"-I{WEB}")))
    library.web_bzip2.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]

    def call(stream: bytes, size: int) -> bytes | None:
        out = ctypes.create_string_buffer(size + 1)
        status = library.web_bzip2(stream, len(stream), out, size)
        assert status in {0, 1}
        assert out.raw[size] == 0
        return out.raw[:size] if status == 0 else None

    return call


runs = st.lists(st.tuples(st.integers(0, 255), st.integers(1, 300)), max_size=40).map(
    lambda pairs: b"".join(bytes([value]) * count for value, count in pairs)
)


@given(data=st.binary(max_size=2000) | runs, level=st.integers(1, 9))
def test_what_libbzip2_writes_is_read(decode: Decode, data: bytes, level: int) -> None:
    stream = bz2.compress(data, level)
    assert decode(stream, len(data)) == data
    assert decode(stream, len(data) + 1) is None
    assert decode(stream + b"\0", len(data)) is None
    assert decode(stream[:-1], len(data)) is None
    if data:
        assert decode(stream, len(data) - 1) is None


def test_several_blocks(decode: Decode) -> None:
    data = bytes(i * i % 251 for i in range(250_000)) + b"abc" * 50_000
    assert decode(bz2.compress(data, 1), len(data)) == data


def reference(stream: bytes, size: int) -> bytes | None:
    decompressor = bz2.BZ2Decompressor()
    try:
        data = decompressor.decompress(stream)
    except OSError:
        return None
    return data if decompressor.eof and not decompressor.unused_data and len(data) == size else None


@given(
    data=st.binary(min_size=1, max_size=300) | runs,
    changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3),
)
@settings(max_examples=400)
def test_damaged_streams_get_the_verdict_of_libbzip2(
    decode: Decode, data: bytes, changes: list[tuple[int, int]]
) -> None:
    stream = bytearray(bz2.compress(data))
    for place, value in changes:
        stream[place % len(stream)] = value
    expected = reference(bytes(stream), len(data))
    assert decode(bytes(stream), len(data)) == expected

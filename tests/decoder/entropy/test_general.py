from __future__ import annotations

import bz2
import io
import struct

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from nntc.decoder.entropy.general import unbzip2, unzstd
from nntc.encoder.entropy.general import bzip2, zstd
from nntc.errors import FormatError

TEXT = b"weights " * 20


def streamed(data: bytes) -> bytes:
    """Return a frame that does not declare its size."""
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as writer:
        writer.write(data)
    return out.getvalue()


@given(st.binary(min_size=1, max_size=500), st.integers(1, 19))
def test_zstd_comes_back(data: bytes, level: int) -> None:
    assert unzstd(zstd(data, level), len(data), 0) == data


@given(st.binary(min_size=1, max_size=500))
def test_bzip2_comes_back(data: bytes) -> None:
    assert unbzip2(bzip2(data), len(data), 0) == data


def test_several_blocks_of_bzip2() -> None:
    data = bytes(i * i % 251 for i in range(250_000))
    assert unbzip2(bz2.compress(data, 1), len(data), 0) == data


FRAME = zstd(TEXT)
SKIPPABLE = struct.pack("<II", 0x184D2A50, 4) + b"skip"
DICTIONARY = zstandard.ZstdCompressionDict(
    b"a dictionary of weights", dict_type=zstandard.DICT_TYPE_RAWCONTENT
)
NAMED = zstandard.train_dictionary(2048, [bytes([i, j] * 40) for i in range(40) for j in range(9)], dict_id=7)
LARGE_WINDOW = zstandard.ZstdCompressor(
    compression_params=zstandard.ZstdCompressionParameters(window_log=24, write_content_size=True)
)
# A frame of 8 MiB and a byte in a single segment, made of blocks that repeat a zero.
BLOCKS = b"".join(
    struct.pack("<I", n << 3 | 2 | last)[:3] + b"\0" for n, last in [*[(1 << 17, 0)] * 64, (1, 1)]
)
SEGMENT = struct.pack("<IBI", 0xFD2FB528, 0b10100000, (1 << 23) + 1) + BLOCKS


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"", len(TEXT)),
        (b"\x28\xb5\x2f", len(TEXT)),
        (FRAME[:-1], len(TEXT)),
        (FRAME[:6], len(TEXT)),
        (FRAME + b"\0", len(TEXT)),
        (FRAME + FRAME, 2 * len(TEXT)),
        (FRAME + SKIPPABLE, len(TEXT)),
        (SKIPPABLE + FRAME, len(TEXT)),
        (FRAME, len(TEXT) - 1),
        (FRAME, len(TEXT) + 1),
        (streamed(TEXT), len(TEXT)),
        (zstandard.ZstdCompressor(dict_data=NAMED).compress(TEXT), len(TEXT)),
        (zstandard.ZstdCompressor(write_checksum=True).compress(TEXT)[:-1] + b"\0", len(TEXT)),
        (LARGE_WINDOW.compress(bytes(20_000_000)), 20_000_000),
        (SEGMENT, (1 << 23) + 1),
        (b"\x28\xb5\x2f\xfd\x08" + FRAME[5:], len(TEXT)),  # reserved bit of the frame header
    ],
)
def test_anything_but_one_sound_frame_is_an_error(data: bytes, size: int) -> None:
    with pytest.raises(FormatError) as caught:
        unzstd(data, size, 123)
    assert (caught.value.id, caught.value.offset) == ("E_ZSTD", 123)


def test_frames_that_are_allowed() -> None:
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(TEXT)
    assert unzstd(checked, len(TEXT), 0) == TEXT
    whole = SEGMENT.replace(struct.pack("<I", (1 << 23) + 1), struct.pack("<I", 1 << 23))
    whole = whole[:9] + BLOCKS[: 63 * 4] + struct.pack("<I", 1 << 20 | 3)[:3] + b"\0"
    assert unzstd(whole, 1 << 23, 0) == bytes(1 << 23)


STREAM = bz2.compress(TEXT)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"", len(TEXT)),
        (b"BZh", len(TEXT)),
        (STREAM[:-1], len(TEXT)),
        (STREAM + b"\0", len(TEXT)),
        (STREAM + STREAM, 2 * len(TEXT)),
        (STREAM, len(TEXT) - 1),
        (STREAM, len(TEXT) + 1),
        (b"BZh0" + STREAM[4:], len(TEXT)),
        (STREAM[:12] + b"\0" + STREAM[13:], len(TEXT)),
        (STREAM[:-3] + bytes([STREAM[-3] ^ 255]) + STREAM[-2:], len(TEXT)),
        (bz2.compress(b""), 1),
        (b"PK" + STREAM[2:], len(TEXT)),
    ],
)
def test_anything_but_one_sound_stream_is_an_error(data: bytes, size: int) -> None:
    with pytest.raises(FormatError) as caught:
        unbzip2(data, size, 123)
    assert (caught.value.id, caught.value.offset) == ("E_BZIP2", 123)

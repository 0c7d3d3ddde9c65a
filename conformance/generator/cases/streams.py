"""zstd frames and bzip2 streams (SPEC.md, clauses 3.6, 3.7 and 8.3)."""

from __future__ import annotations

import bz2
import struct
from collections.abc import Callable
from dataclasses import replace

from conformance.generator.cases.basics import BYTES
from conformance.generator.coders import Bzip2, Zstd
from conformance.generator.fields import varint
from conformance.generator.files import File, Output
from conformance.generator.frames import (
    COMPRESSED,
    MAGIC,
    RAW,
    RLE,
    RLE_LITERALS,
    Block,
    Frame,
    Made,
    block_header,
    repeated,
)
from conformance.generator.recorded import FRAME, FRAME_TOKENS, FRAME_WITH_CHECKSUM
from conformance.generator.records import OPAQUE1, planes
from conformance.generator.suite import Suite
from conformance.generator.views import matrix

WINDOW_8_MIB = 0x68
SKIPPABLE = struct.pack("<II", 0x184D2A50, 4) + b"skip"
Make = Callable[[bytes], bytes]


def add(suite: Suite) -> None:
    """Add good and bad frames and streams."""
    _good_frames(suite)
    _bad_frames(suite)
    _window(suite)
    _bzip2(suite)


def _plain(content: bytes) -> bytes:
    return Frame().fields(content).data


def _raw(content: bytes, *, last: bool = True, kind: int = RAW) -> bytes:
    return block_header(kind, len(content), last=last) + content


def _good_frames(suite: Suite) -> None:
    whole = planes(OPAQUE1, matrix(3, 4), BYTES)
    for name, frame, comment in (
        ("size-4", Frame(content_size=4), "Frame_Content_Size of 4 bytes, where one would do"),
        ("size-8", Frame(content_size=8), "Frame_Content_Size of 8 bytes"),
        ("window-8-mib", Frame(window=WINDOW_8_MIB), "a window of 2^23 bytes, the largest allowed"),
        ("window-1-kib", Frame(window=0), "a window of 2^10 bytes, the smallest there is"),
        ("dictionary-0", Frame(dictionary=1), "Dictionary_ID 0 in a byte: no dictionary is named"),
        ("dictionary-0-of-4", Frame(dictionary=4), "Dictionary_ID 0 in four bytes"),
        ("unused-bit", Made(lambda c: _with(_plain(c), 4, 0x30)), "the unused bit of the descriptor is set"),
    ):
        suite.valid(f"graph-zstd-{name}", comment, "R-015 R-200", file=File([whole], frame=frame))
        record = planes(OPAQUE1, matrix(3, 4), BYTES, [Zstd(frame)])
        suite.valid(f"zstd-{name}", comment, "R-015", record)
    tokens = bytes([7] * 5 + [1, 2, 3] + [9] * 4)
    literals = Block(COMPRESSED, 3), Block(COMPRESSED, 4, RLE_LITERALS)
    blocks = (Block(RLE, 5), Block(RAW, 0), *literals, Block(RAW, 0))
    suite.valid(
        "zstd-blocks", "raw, RLE and compressed blocks, some of them empty", "R-015",
        planes(OPAQUE1, matrix(12), tokens, [Zstd(Frame(blocks))]),
    )  # fmt: skip
    for name, data, comment in (
        ("compressed", FRAME, "a frame as libzstd makes it: Huffman-coded literals and sequences"),
        ("checksum", FRAME_WITH_CHECKSUM, "the same with a Content_Checksum"),
    ):
        made = Made(lambda content, data=data: _recorded(content, data))  # type: ignore[misc]
        suite.valid(
            f"zstd-{name}", comment, "R-015", planes(OPAQUE1, matrix(3, 100), FRAME_TOKENS, [Zstd(made)])
        )
    wrong = FRAME_WITH_CHECKSUM[:-1] + bytes([FRAME_WITH_CHECKSUM[-1] ^ 0x80])
    for name, data, comment in (
        ("checksum-wrong", wrong, "Content_Checksum is wrong"),
        ("checksum-missing", FRAME_WITH_CHECKSUM[:-4], "Content_Checksum is announced, but missing"),
        ("checksum-cut", FRAME_WITH_CHECKSUM[:-1], "Content_Checksum is cut off"),
    ):
        _bad_tokens(suite, name, "zstd-checksum", data, comment)


def _recorded(content: bytes, frame: bytes) -> bytes:
    if content != FRAME_TOKENS:
        raise ValueError("the frame was recorded of other tokens")
    return frame


def _with(data: bytes, at: int, byte: int) -> bytes:
    return data[:at] + bytes([byte]) + data[at + 1 :]


def _bad_tokens(suite: Suite, name: str, parent: str, frame: bytes, comment: str) -> None:
    """Add a bad frame in symbol data."""
    file = suite.file(parent)
    old = file.records[0]
    size = old.view.size
    record = planes(OPAQUE1, old.view, bytes(size), [Zstd(Made(lambda _: frame))])
    suite.bad(
        f"zstd-{name}", parent, "E_ZSTD", "TENSOR[0].plane[0].length", "R-015 R-420", comment,
        file=replace(file, records=[record]), bounded=True,
    )  # fmt: skip


def _bad_frames(suite: Suite) -> None:
    for name, make, comment in BAD_FRAMES:
        file = replace(suite.file("planes-packed"), frame=Made(make))
        suite.bad(
            f"graph-zstd-{name}", "planes-packed", "E_ZSTD", "GRAPH", "R-015 R-200 R-207", comment, file=file,
            bounded=True,
        )  # fmt: skip
        _bad_tokens(suite, name, "planes-zstd", make(BYTES), comment)


def _header(descriptor: int, rest: bytes) -> bytes:
    return MAGIC + bytes([descriptor]) + rest


def _sized(content: bytes, blocks: bytes) -> bytes:
    """Return a frame that announces as many bytes as there are of content, and has these blocks."""
    return _header(0x20, bytes([len(content)]) + blocks)


BOMB_BLOCK = block_header(RLE, 2**17, last=False) + b"x"
BAD_FRAMES: tuple[tuple[str, Make, str], ...] = (
    ("empty", lambda _: b"", "no bytes at all"),
    ("magic-cut", lambda c: _plain(c)[:3], "the frame ends within its magic number"),
    ("magic", lambda c: _with(_plain(c), 0, 0x29), "another magic number"),
    ("magic-legacy", lambda c: _with(_plain(c), 0, 0x27), "the magic number of version 0.7"),
    ("header-cut", lambda c: _plain(c)[:5], "the frame ends within its header"),
    ("cut", lambda c: _plain(c)[:-1], "the last block is cut off"),
    ("trailing", lambda c: _plain(c) + b"\0", "a byte after the frame"),
    ("two-frames", lambda c: _plain(c) + _plain(b""), "an empty frame after the frame"),
    ("half-frames", lambda c: _plain(c[:5]) + _plain(c[5:]), "content in two frames"),
    ("skippable-first", lambda c: SKIPPABLE + _plain(c), "a skippable frame before the frame"),
    ("skippable-last", lambda c: _plain(c) + SKIPPABLE, "a skippable frame after the frame"),
    ("skippable-only", lambda _: SKIPPABLE, "a skippable frame and nothing else"),
    ("reserved-bit", lambda c: _with(_plain(c), 4, 0x28), "the reserved bit of the descriptor is set"),
    ("dictionary", lambda c: _header(0x21, bytes([1, len(c)]) + _raw(c)), "Dictionary_ID 1"),
    ("window", lambda c: Frame(window=0x69).fields(c).data, "a window of 2^23 + 2^20 bytes"),
    ("window-greatest", lambda c: Frame(window=0xFF).fields(c).data, "the largest window there is"),
    ("size-absent", lambda c: _header(0, b"\0" + _raw(c)), "no Frame_Content_Size"),
    ("size-less", lambda c: _with(_plain(c), 5, len(c) - 1), "Frame_Content_Size one too small"),
    ("size-more", lambda c: _with(_plain(c), 5, len(c) + 1), "Frame_Content_Size one too large"),
    ("size-of-less", lambda c: _plain(c[:-1]), "content of one byte less, as Frame_Content_Size says"),
    ("size-of-more", lambda c: _plain(c + b"x"), "content of one byte more, as Frame_Content_Size says"),
    ("content-less", lambda c: _sized(c, _raw(c[:-1])), "one byte less than announced"),
    ("content-more", lambda c: _sized(c, _raw(c + b"x")), "one byte more than announced"),
    ("block-type", lambda c: _sized(c, _raw(c, kind=3)), "a block of the reserved type"),
    ("block-last", lambda c: _sized(c, _raw(c, last=False)), "no block is the last"),
    (
        "bomb",
        lambda c: _sized(c, BOMB_BLOCK * 2400 + _raw(c)),
        "300 MiB of blocks, where a few bytes are announced",
    ),
)  # fmt: skip


def _window(suite: Suite) -> None:
    """Add frames with Single_Segment_flag, whose window is their content."""
    for size, window in ((2**23, None), (2**23 + 1, WINDOW_8_MIB)):
        file = _zeros(size, window)
        suite.valid(
            f"graph-zstd-content-{size}", "a large GRAPH of zeros, its window the largest allowed", "R-015",
            file=file, bounded=True,
        )  # fmt: skip
    suite.bad(
        "graph-zstd-content-as-window", f"graph-zstd-content-{2**23 + 1}", "E_ZSTD", "GRAPH", "R-015",
        "Single_Segment_flag with content of 2^23 + 1 bytes, which is the window",
        file=_zeros(2**23 + 1, None), bounded=True,
    )  # fmt: skip


def _zeros(size: int, window: int | None) -> File:
    """Return a file whose GRAPH content has `size` bytes, its graph bytes zero."""
    head = 1 + 1 + 4 + 32 + 1
    rest = repeated(size - head).blocks
    return File(outputs=[Output(None, (bytes(size - head),))], frame=Frame((Block(RAW, head), *rest), window))


def _bzip2(suite: Suite) -> None:
    alternating = bytes(range(2)) * 60_000
    for name, tokens, coder, comment in (
        ("level-1", BYTES, Bzip2(1), "a stream of level 1"),
        ("blocks", alternating, Bzip2(1), "a stream of two blocks"),
        ("padding", BYTES, Bzip2(9, _set_padding), "padding bits that are not zero, which are not checked"),
    ):
        record = planes(OPAQUE1, matrix(len(tokens)), tokens, [coder])
        suite.valid(f"bzip2-{name}", comment, "R-016", record)
    stream = bz2.compress(BYTES)
    for name, data, comment in (
        ("empty", b"", "no bytes at all"),
        ("magic", b"BZx" + stream[3:], "the stream begins with another magic number"),
        ("level-0", b"BZh0" + stream[4:], "level 0"),
        ("level-a", b"BZh:" + stream[4:], "the level is no digit"),
        ("block-magic", _with(stream, 4, 0x30), "the block begins with another magic number"),
        ("block-crc", _with(stream, 10, stream[10] ^ 1), "the CRC of the block is wrong"),
        ("combined-crc", _last_crc(stream), "the combined CRC is wrong"),
        ("cut", stream[:-1], "the last byte is cut off"),
        ("half", stream[: len(stream) // 2], "half of the stream"),
        ("trailing", stream + b"\0", "a byte after the stream"),
        ("two-streams", stream + bz2.compress(b""), "an empty stream after the stream"),
        ("half-streams", bz2.compress(BYTES[:5]) + bz2.compress(BYTES[5:]), "tokens in two streams"),
        ("no-block", bz2.compress(b""), "a stream without blocks"),
        ("less", bz2.compress(BYTES[:-1]), "one token less"),
        ("more", bz2.compress(BYTES + b"\0"), "one token more"),
        ("zstd", Frame().fields(BYTES).data, "a zstd frame"),
        ("bomb", _many_blocks(bz2.compress(bytes(5_000_000), 1), 64), "320 MB, not twelve bytes"),
    ):
        file = suite.file("planes-bzip2")
        place = "TENSOR[0].plane[0]"
        changed = {f"{place}.length": varint(len(data)), f"{place}.stream": data}
        suite.bad(
            f"bzip2-{name}", "planes-bzip2", "E_BZIP2", f"{place}.length", "R-016 R-420", comment, changed,
            file=file, bounded=True,
        )  # fmt: skip


def _end_of_stream(stream: bytes) -> int:
    """Return the bit at which the combined CRC begins."""
    bits = int.from_bytes(stream, "big")
    for padding in range(8):
        if bits >> padding + 32 & (1 << 48) - 1 == 0x177245385090:
            return 8 * len(stream) - padding - 32
    raise ValueError("no end-of-stream marker")


def _many_blocks(stream: bytes, count: int) -> bytes:
    """Return a stream with the only block of `stream` so many times."""
    end = _end_of_stream(stream)
    bits = f"{int.from_bytes(stream, 'big'):0{8 * len(stream)}b}"
    block, crc = bits[32 : end - 48], int(bits[end : end + 32], 2)
    combined = 0
    for _ in range(count):
        combined = (combined << 1 | combined >> 31) & 0xFFFFFFFF ^ crc
    whole = bits[:32] + block * count + bits[end - 48 : end] + f"{combined:032b}"
    whole += "0" * (-len(whole) % 8)
    return int(whole, 2).to_bytes(len(whole) // 8, "big")


def _last_crc(stream: bytes) -> bytes:
    bit = 8 * len(stream) - 1 - _end_of_stream(stream)
    return (int.from_bytes(stream, "big") ^ 1 << bit).to_bytes(len(stream), "big")


def _set_padding(stream: bytes) -> bytes:
    padding = 8 * len(stream) - _end_of_stream(stream) - 32
    if not padding:
        raise ValueError("the stream has no padding")
    return (int.from_bytes(stream, "big") | (1 << padding) - 1).to_bytes(len(stream), "big")

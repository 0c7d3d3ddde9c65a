"""zstd frames made by hand (RFC 8878), so that they never depend on a library's choices."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.generator.fields import Fields

MAGIC = struct.pack("<I", 0xFD2FB528)
RAW, RLE, COMPRESSED = range(3)
LITERALS, RLE_LITERALS = RAW, RLE
MAX_BLOCK = 1 << 17
_CONTENT_SIZE_BYTES = {1: 0, 2: 1, 4: 2, 8: 3}
_DICTIONARY_BYTES = {0: 0, 1: 1, 2: 2, 4: 3}


@dataclass(frozen=True)
class Block:
    """A block of `size` bytes of content: raw, one byte repeated, or compressed without any match.

    Parameters
    ----------
    literals
        How a compressed block holds its bytes: LITERALS or RLE_LITERALS.
    """

    kind: int
    size: int
    literals: int = LITERALS

    def body(self, content: bytes) -> tuple[int, bytes]:
        """Return the size in the block header, and the block."""
        if self.kind == RAW:
            return self.size, content
        if self.kind == RLE:
            return self.size, content[:1]
        # A literals section with a header of three bytes, then no sequences.
        head = (self.literals | 3 << 2 | self.size << 4).to_bytes(3, "little")
        body = head + (content if self.literals == LITERALS else content[:1]) + b"\0"
        return len(body), body


@dataclass(frozen=True)
class Frame:
    """How a frame holds its content; by default in one raw block, readable as it is.

    Parameters
    ----------
    blocks
        Empty for one raw block.
    window
        Window_Descriptor; None for a frame with Single_Segment_flag.
    dictionary
        Bytes of Dictionary_ID, all zero.
    content_size
        Bytes of Frame_Content_Size: 1 (with Single_Segment_flag only), 2, 4, 8; 0 for the fewest.
    """

    blocks: Sequence[Block] = ()
    window: int | None = None
    dictionary: int = 0
    content_size: int = 0

    def head(self, size: int) -> Fields:
        """Return the frame header for content of `size` bytes."""
        fewest = 2 if 256 <= size < 65792 else 1 if size < 256 and self.window is None else 4
        width = self.content_size or fewest
        single = self.window is None
        descriptor = _CONTENT_SIZE_BYTES[width] << 6 | single << 5 | _DICTIONARY_BYTES[self.dictionary]
        out = Fields()
        out.add("magic", MAGIC)
        out.u8("descriptor", descriptor)
        if self.window is not None:
            out.u8("window", self.window)
        if self.dictionary:
            out.add("dictionary_id", bytes(self.dictionary))
        out.add("content_size", (size - 256 if width == 2 else size).to_bytes(width, "little"))
        return out

    def fields(self, content: bytes) -> Fields:
        """Return the whole frame."""
        out = self.head(len(content))
        blocks = self.blocks or (Block(RAW, len(content)),)
        at = 0
        for number, block in enumerate(blocks):
            size, body = block.body(content[at : at + block.size])
            at += block.size
            out.add(f"block[{number}].header", block_header(block.kind, size, last=number == len(blocks) - 1))
            out.add(f"block[{number}].content", body)
        if at != len(content):
            raise ValueError(f"blocks of {at} bytes for content of {len(content)}")
        return out


PLAIN = Frame()


@dataclass(frozen=True)
class Made:
    """A frame, or what is none, that a function makes of the content."""

    make: Callable[[bytes], bytes]
    blocks = True

    def fields(self, content: bytes) -> Fields:
        """Return it as one field."""
        out = Fields()
        out.add("frame", self.make(content))
        return out


def block_header(kind: int, size: int, *, last: bool = True) -> bytes:
    """Return a block header."""
    return (last | kind << 1 | size << 3).to_bytes(3, "little")


def repeated(size: int, window: int | None = None) -> Frame:
    """Return a frame of blocks that repeat one byte, the least that a frame of `size` bytes can take."""
    sizes = [MAX_BLOCK] * (size // MAX_BLOCK) + [size % MAX_BLOCK] * (size % MAX_BLOCK > 0)
    return Frame(tuple(Block(RLE, n) for n in sizes), window)

"""Huffman symbol data: description of the code, canonical codes, lanes.

Implements SPEC.md 8.5 (R-430 to R-434).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntc.errors import FormatError
from nntc.format.fields import Layout, Named, Raw, SectionStream, VarInt, u8
from nntc.format.rans import MAX_LANES, MAX_STEPS
from nntc.format.varints import VarInts

MAX_LENGTH = 15
"""Longest code, in bits."""


@dataclass(frozen=True, slots=True)
class CodeDescription:
    """The fields as they are stored: lengths are two to a byte."""

    first: int
    last_index: int
    lengths: bytes


CODE_DESCRIPTION = Layout(
    CodeDescription,
    first=u8(),
    last_index=u8(),
    lengths=Raw(lambda fields, _: fields["last_index"] // 2 + 1, "code lengths"),
)


def read_code_lengths(stream: SectionStream) -> NDArray[np.uint8]:
    """Return the code length of each token, uint8 [256], 0 where it has no code.

    Raises
    ------
    FormatError
        E_TABLE at the first byte of the description [R-430, R-432, R-433, R-434].
    """
    offset = stream.at()
    head = CODE_DESCRIPTION.read(stream)
    count = head.last_index + 1
    nibbles = np.frombuffer(head.lengths, np.uint8)
    own = np.empty(2 * nibbles.size, np.uint8)
    own[::2], own[1::2] = nibbles & 15, nibbles >> 4
    if head.first + count > 256 or own[0] == 0 or own[count - 1] == 0 or np.any(own[count:]):
        raise FormatError("E_TABLE", "code lengths are out of range", offset)
    kraft = int(np.sum((1 << MAX_LENGTH) >> own[own > 0].astype(np.int64)))
    single = count == 1 and own[0] == 1
    if kraft != 1 << MAX_LENGTH and not single:
        raise FormatError("E_TABLE", "Huffman code is not complete", offset)
    lengths = np.zeros(256, np.uint8)
    lengths[head.first : head.first + count] = own[:count]
    return lengths


def write_code_lengths(lengths: NDArray[np.uint8]) -> bytes:
    """Return the description of a code, from the lengths of all 256 tokens."""
    used = np.flatnonzero(lengths)
    first, last = int(used[0]), int(used[-1])
    own = np.append(lengths[first : last + 1], np.zeros((last - first + 1) % 2, np.uint8))
    nibbles = (own[::2] | own[1::2] << 4).astype(np.uint8).tobytes()
    return CODE_DESCRIPTION.write(CodeDescription(first, last - first, nibbles))


def in_code_order(lengths: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Return token and length of every code in ascending order of the codes: by length, then by token."""
    used = np.flatnonzero(lengths)
    order = used[np.argsort(lengths[used], kind="stable")]
    return [(int(token), int(lengths[token])) for token in order]


@dataclass(frozen=True, slots=True, eq=False)
class HuffmanLanes:
    """Lanes and their lengths in bytes, as they are stored."""

    lanes: int
    lane_length: NDArray[Any]


def _fits_count(lanes: int, _fields: Named, given: Named) -> bool:
    return bool(lanes <= given["count"] <= lanes * MAX_STEPS)


HUFFMAN_LANES = Layout(
    HuffmanLanes,
    # Given: `count` of the tokens.
    lanes=VarInt()
    .within("R-431", 1, MAX_LANES, "E_LIMIT", "lane count")
    .must("R-431", "E_LIMIT", "lane count does not fit the token count", _fits_count),
    lane_length=VarInts(lambda fields, _: fields["lanes"]),
)

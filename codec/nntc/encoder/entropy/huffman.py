"""Canonical Huffman coding (SPEC.md, "Huffman"; Han et al., 2016)."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from nntc.encoder.entropy.rans import choose_lanes
from nntc.format.huffman import HUFFMAN_LANES, MAX_LENGTH, HuffmanLanes, in_code_order, write_code_lengths
from nntc.format.rans import MAX_STEPS
from nntc.kernels.encoding import encode_huffman

FEW_LANES = 100
"""With fewer, a decoder gains nothing by decoding them side by side."""


def code_lengths(counts: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return uint8 [256] lengths, at most 15, of an optimal code (package-merge)."""
    used = [int(t) for t in np.flatnonzero(counts)]
    lengths = np.zeros(256, np.uint8)
    if len(used) == 1:
        lengths[used[0]] = 1
        return lengths
    leaves = sorted((int(counts[t]), (t,)) for t in used)
    packages: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(MAX_LENGTH):
        merged = list(heapq.merge(leaves, packages))
        packages = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(merged[::2], merged[1::2], strict=False)]
    for _, tokens in packages[: len(used) - 1]:
        for token in tokens:
            lengths[token] += 1
    return lengths


def canonical_codes(lengths: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return uint16 [256] code words, by length and then by token."""
    codes = np.zeros(256, np.uint16)
    code = previous = 0
    for token, length in in_code_order(lengths):
        code <<= length - previous
        codes[token] = code
        code, previous = code + 1, length
    return codes


def write_huffman(tokens: NDArray[np.uint8]) -> bytes:
    """Serialize tokens, rank 1, at least one, as Huffman symbol data."""
    counts = np.bincount(tokens, minlength=256)
    lengths = code_lengths(counts)
    codes = canonical_codes(lengths)
    lanes = _lane_count(tokens.size)
    parts = encode_huffman(tokens, lengths, codes, lanes)
    sizes = HUFFMAN_LANES.write(HuffmanLanes(lanes, np.array([len(part) for part in parts])))
    return b"".join([write_code_lengths(lengths), sizes, *parts])


def _lane_count(count: int) -> int:
    """Return the fewest lanes that make decoding of `count` tokens fast.

    Below `FEW_LANES` they are decoded one by one: nothing is gained by having more than it takes.
    """
    lanes = choose_lanes(count)
    wanted = 1 if lanes < FEW_LANES else min(lanes, 2 * FEW_LANES)
    return max(wanted, -(-count // MAX_STEPS))

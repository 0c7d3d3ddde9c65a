"""Each kernel by itself: native beside numpy's, nanoseconds of CPU time for each token or weight, one thread.

python -m benchmarks.kernel_functions
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, cast

from benchmarks.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is loaded

import numpy as np
from nntc.decoder.entropy.integers import IntegerBlock
from nntc.decoder.entropy.streams import DependentTokens, RansStream
from nntc.decoder.tensor.uniform import Uniform
from nntc.encoder.entropy.huffman import canonical_codes, code_lengths
from nntc.encoder.entropy.rans import EncoderStream, choose_lanes
from nntc.encoder.entropy.tables import make_table
from nntc.encoder.quantize.feedback import search_with_feedback
from nntc.encoder.quantize.rates import expected_bits
from nntc.encoder.quantize.trellis import MIN_LEVEL, search
from nntc.format.registry import ElementType, ViewKind
from nntc.format.transform import Transform
from nntc.format.trellis import MANY_STATES, Trellis
from nntc.format.view import View
from nntc.kernels import decoding, elements, encoding
from nntc.kernels.choice import NAMES, chosen, using
from nntc.kernels.sequences import Sequences

from benchmarks.curves import markdown_table
from benchmarks.timing import timed

COUNT = 1 << 20
SEGMENT = 128
LENGTH, ROWS = 576, 256
"""Columns and rows of the weights of a layer, for the search with feedback."""


def actions() -> dict[str, tuple[Callable[[], Any], int]]:
    """Return what is measured, with how many tokens or weights each goes through."""
    rng = np.random.default_rng(0)
    x = rng.laplace(0, 2, COUNT).astype(np.float32)
    contexts = rng.integers(20, 30, COUNT).astype(np.uint16)
    bits = expected_bits()
    found = search(x, contexts, bits, 0.1, SEGMENT)
    tokens = found.tokens
    table = [make_table(np.bincount(tokens, minlength=256))[0]] * 2
    lanes = choose_lanes(COUNT, SEGMENT)
    numbers = found.quantizers.astype(np.uint16)
    stream = EncoderStream(tokens, numbers, table, SEGMENT, lanes)
    coded = encoding.encode_rans([stream])[0]
    trellis = Trellis.EIGHT_STATES
    parsed = RansStream(COUNT, SEGMENT, trellis, table, 0, 2, None, coded.states, coded.words, 0)
    lengths = code_lengths(np.bincount(tokens, minlength=256))
    codes = canonical_codes(lengths)
    parts = encoding.encode_huffman(tokens, lengths, codes, 200)
    sizes, data = np.array([len(part) for part in parts]), b"".join(parts)
    values = rng.normal(size=512).astype(np.float32)
    indices = tokens.astype(np.uint16)
    planes = list(rng.integers(0, 256, (4, COUNT)).astype(np.uint8))
    correlated = np.triu(rng.normal(0, 0.05, (1, LENGTH, LENGTH)), 1) + np.eye(LENGTH)
    shape = ROWS, LENGTH
    sequences = Sequences(
        x[: ROWS * LENGTH].reshape(shape),
        correlated,
        np.ones((1, LENGTH), np.float32),
        contexts[: ROWS * LENGTH].reshape(shape),
    )
    return {
        "rANS under a trellis, decoded": (lambda: decoding.decode_rans([parsed]), COUNT),
        "Huffman, 200 lanes, decoded": (
            lambda: decoding.decode_huffman(COUNT, lengths, sizes, data),
            COUNT,
        ),
        "values looked up": (lambda: decoding.look_up(values, indices), COUNT),
        "elements of levels": (lambda: made(parsed, None), COUNT),
        "elements of blocks of 3 x 3": (lambda: made(parsed, Transform(3, 3)), COUNT),
        "planes of float32 joined": (lambda: elements.join_planes(planes, rotated=True), COUNT),
        "rANS encoded": (lambda: encoding.encode_rans([stream]), COUNT),
        "Huffman encoded": (lambda: encoding.encode_huffman(tokens, lengths, codes, 200), COUNT),
        "trellis search": (lambda: search(x, contexts, bits, 0.1, SEGMENT), COUNT),
        "trellis search, 128 states": (
            lambda: search(x, contexts, bits, 0.1, SEGMENT, MANY_STATES),
            COUNT,
        ),
        "search with feedback, 2 survivors": (
            lambda: search_with_feedback(sequences, bits, 0.1, 2),
            ROWS * LENGTH,
        ),
        "search with feedback, 8 survivors": (
            lambda: search_with_feedback(sequences, bits, 0.1, 8),
            ROWS * LENGTH,
        ),
        "search with feedback, 128 states": (
            lambda: search_with_feedback(sequences, bits, 0.1, machine=MANY_STATES),
            ROWS * LENGTH,
        ),
    }


def made(stream: RansStream, transform: Transform | None) -> Any:
    """Make the elements of a record, its tokens decoded before; some are left where blocks do not fit."""
    with_tokens = _decoded(chosen(), stream)
    period = 1 if transform is None else transform.period
    count = stream.count // period * period
    view = View(ViewKind.MATRIX, 1, count // period, period)
    levels = IntegerBlock(count, MIN_LEVEL, 0, b"", None, None, cast(Any, None), 0)
    trellis = Trellis.EIGHT_STATES
    record = Uniform(ElementType.FLOAT32, view, trellis, 0.01, 0.0, transform, None, None, None, levels)
    return record.values(
        [replace(with_tokens, rows=with_tokens.indices()[None, None, :count], first=0, count=count)]
    )


@cache
def _decoded(kernels: str, stream: RansStream) -> DependentTokens:
    with using(kernels):
        found = decoding.decode_rans([stream])[0]
    if not isinstance(found, DependentTokens):
        raise TypeError("tokens without a trellis")
    return found


def main() -> None:
    """Print the table."""
    rows = []
    for label, (action, count) in actions().items():
        each = {}
        for kernels in NAMES:
            with using(kernels):
                each[kernels] = timed(action, 3)[1].cpu / count * 1e9
        numpy, native = each["numpy"], each["native"]
        rows.append([label, f"{numpy:.1f}", f"{native:.1f}", f"{numpy / native:.1f}x"])
    print(markdown_table(["ns for each", "numpy", "native", "speed"], rows))


if __name__ == "__main__":
    main()

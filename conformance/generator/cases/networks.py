"""Layers of a trained network, the one of `nntc demo`, coded in the ways that encoders code such layers."""

from __future__ import annotations

import struct
from pathlib import Path

import nntc
from nntc.format.dct import basis

from conformance.generator.coders import Contexts, Huffman, Rans
from conformance.generator.files import OPEN, File, Output, next_part
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    FLOAT32,
    Codes,
    Record,
    Transform,
    codebook,
    planes,
    step_code,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.tables import table_for
from conformance.generator.trellis import NEXT, QUANTIZER, Trellis
from conformance.generator.views import matrix, ragged

NETWORK = Path(nntc.__file__).parent / "demo" / "digits.nntc"
FIRST = "0.0.weight"
"""A convolution: 32 filters of 3 x 3."""
POINTWISE = "2.3.weight"
"""A convolution of 1 x 1: 64 rows of 32 columns."""
NORMALIZATIONS = ("0.1.weight", "0.1.bias", "0.1.running_mean", "0.1.running_var")


def add(suite: Suite) -> None:
    """Add the layers."""
    with nntc.open(NETWORK) as network:
        layers = {n: network.tensors[n].tobytes() for n in (FIRST, POINTWISE, *NORMALIZATIONS)}
    for name, comment, records in (
        ("planes", "weights of a convolution, exactly", [_exact(layers[FIRST])]),
        ("rows", "a convolution with a step and a class for each row", [_rows(layers[POINTWISE])]),
        ("trellis", "the same by dependent quantization with eight states", [_trellis(layers[POINTWISE])]),
        ("transform", "filters of 3 x 3 as coefficients", [_transform(layers[FIRST])]),
        ("pruned", "weights of which the small ones are pruned, Huffman-coded", [_pruned(layers[POINTWISE])]),
    ):
        suite.valid(f"network-{name}", comment, "R-500", *records)
    shifted = [_levels(layers[name], 0.01) for name in (FIRST, POINTWISE)]
    tables = [table_for([v - min(levels) for v in levels]) for levels in shifted]
    both = [
        uniform(FLOAT32, matrix(len(levels)), levels, Integers(Rans(4, base=i)), step=0.01, shared=tables)
        for i, levels in enumerate(shifted)
    ]
    small = b"".join(layers[name] for name in NORMALIZATIONS)
    rows = ragged([len(layers[name]) // 4 for name in NORMALIZATIONS])
    group = planes(FLOAT32, rows, small, [Huffman()], rotate=True)
    pieces = (OPEN, *[next_part()] * 3)
    named = zip(NORMALIZATIONS, pieces, strict=True)
    parts = [item for name, piece in named for item in (f"{name}=".encode(), piece)]
    outputs = [Output(None, (*parts, b"first=weights.bin")), Output("weights.bin", (OPEN, OPEN))]
    suite.valid(
        "network-whole", "four small tensors in one record, two layers with shared tables in a second file",
        "R-500 R-250", file=File([group, *both], outputs, tables),
    )  # fmt: skip


def _floats(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def _levels(data: bytes, step: float) -> list[int]:
    return [round(w / step) for w in _floats(data)]


def _exact(data: bytes) -> Record:
    return planes(FLOAT32, matrix(32, 1, 9), data, [Rans(4), Huffman(2), Rans(4)], rotate=True)


def _codes(rows: list[list[float]], step: float, bits: int) -> tuple[int, ...]:
    """Return for each row the least step code that leaves levels of so many bits."""
    found = []
    for row in rows:
        most = max(map(abs, row))
        found.append(next(b for b in range(256) if most / (step * step_code(b)) < 2 ** (bits - 1) - 1))
    return tuple(found)


def _split(data: bytes, columns: int) -> list[list[float]]:
    weights = _floats(data)
    return [weights[i : i + columns] for i in range(0, len(weights), columns)]


def _rows(data: bytes) -> Record:
    rows = _split(data, 32)
    step = 2.0**-10
    codes = _codes(rows, step, 4)
    levels = [round(w / (step * step_code(b))) for row, b in zip(rows, codes, strict=True) for w in row]
    classes = [int(sum(map(abs, levels[i : i + 32])) > 64) for i in range(0, len(levels), 32)]
    how = Integers(Rans(6, contexts=Contexts(2, classes, coder=Huffman())))
    return uniform(FLOAT32, matrix(64, 32), levels, how, step=step, row_codes=Codes(codes, Huffman()))


def _trellis(data: bytes) -> Record:
    step, segment, machine = 2.0**-8, 256, 2
    levels = []
    state = 0
    for i, weight in enumerate(_floats(data)):
        state = state if i % segment else 0
        q = QUANTIZER[machine][state]
        levels.append(_nearest(weight / step, q))
        state = NEXT[machine][state][levels[-1] & 1]
    how = Integers(Rans(8))
    return uniform(FLOAT32, matrix(64, 32), levels, how, step=step, trellis=Trellis(machine, segment))


def _nearest(wanted: float, q: int) -> int:
    """Return the level k whose value, 2k - q sign(k), is nearest."""
    middle = round(wanted / 2)
    values = {k: 2 * k - q * ((k > 0) - (k < 0)) for k in range(middle - 1, middle + 2)}
    return min(values, key=lambda k: abs(values[k] - wanted))


def _transform(data: bytes) -> Record:
    b = basis(3).astype(int).tolist()
    step = 2.0**-8
    levels = []
    for block in _split(data, 9):
        for u in range(3):
            for v in range(3):
                coefficient = sum(b[u][y] * b[v][x] * block[3 * y + x] for y in range(3) for x in range(3))
                levels.append(round(coefficient / 2**24 / step))
    contexts = Contexts(3, positions=[2, 1, 1, 1, 0, 0, 1, 0, 0])
    how = Integers(Rans(3, contexts=contexts))
    return uniform(FLOAT32, matrix(32, 1, 9), levels, how, step=step, transform=Transform(3, 3))


def _pruned(data: bytes) -> Record:
    weights = _floats(data)
    limit = sorted(map(abs, weights))[len(weights) * 3 // 4]
    levels = [round(w * 64) or (1 if w > 0 else -1) if abs(w) > limit else 0 for w in weights]
    values = sorted({*levels})
    entries = sorted((struct.unpack("<I", struct.pack("<f", v / 64))[0] >> 16, v) for v in values)
    index = {v: i for i, (_, v) in enumerate(entries)}
    places = tuple(i for i, v in enumerate(levels) if v)
    how = Integers(Huffman(), sparse=Sparse(index[0], places, Huffman()))
    patterns, indices = [e for e, _ in entries], [index[v] for v in levels]
    return codebook(FLOAT32, matrix(64, 32), patterns, indices, how, entry_width=2)

"""The plainest files: every tool with every coder. Other vectors are made from them."""

from __future__ import annotations

from conformance.generator.coders import CODER_NAMES, Bzip2, Coder, Contexts, Huffman, Packed, Rans, Zstd
from conformance.generator.fields import f32
from conformance.generator.files import NOTES, OPEN, File, Output, next_part, repeat
from conformance.generator.integers import Integers, Sparse
from conformance.generator.records import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    OPAQUE1,
    Codes,
    Transform,
    codebook,
    planes,
    uniform,
)
from conformance.generator.suite import Suite
from conformance.generator.tables import Table, spread
from conformance.generator.trellis import Trellis
from conformance.generator.views import matrix, ragged

CODERS: tuple[Coder, ...] = (Packed(), Rans(2), Huffman(2), Bzip2(), Zstd())
BYTES = bytes([3, 1, 2, 3, 3, 3, 0, 3, 2, 3, 3, 1])
LEVELS = [0, 1, -1, 2, 0, 0, -2, 1, 0, 3, 0, -1]
ENTRIES = [0x3F00, 0x3F80, 0xBF00]
INDICES = [0, 1, 0, 0, 2, 1, 0, 0, 0, 2, 0, 1]
CODER_CLAUSES = {"packed": "R-425", "rans": "R-511 R-445", "huffman": "R-510 R-431", "bzip2": "R-016",
                 "zstd": "R-015"}  # fmt: skip


def add(suite: Suite) -> None:
    """Add the plainest files."""
    empty = Output(None, ())
    suite.valid("empty", "no tensor and no byte of output", "R-201 R-202", file=File(outputs=[empty]))
    plain = File(outputs=[Output(None, (b"model",))])
    suite.valid("graph-only", "no tensor, five bytes of output", "R-162 R-215", file=plain)
    view = matrix(3, 4)
    for coder in CODERS:
        name = CODER_NAMES[coder.code]
        clauses = CODER_CLAUSES[name]
        suite.valid(
            f"planes-{name}",
            f"twelve bytes as one plane, {name}",
            f"R-530 {clauses}",
            planes(OPAQUE1, view, BYTES, [coder]),
        )
        suite.valid(
            f"codebook-{name}",
            f"twelve indices into three float32 entries of two bytes, {name}",
            f"R-333 R-530 {clauses}",
            codebook(FLOAT32, view, ENTRIES, INDICES, Integers(coder), entry_width=2),
        )
        suite.valid(
            f"uniform-{name}",
            f"twelve levels of step 0.5 as float32, {name}",
            f"R-540 {clauses}",
            uniform(FLOAT32, view, LEVELS, Integers(coder), step=0.5),
        )
    _combined(suite)


def _combined(suite: Suite) -> None:
    """Add files with many fields, which most bad vectors are made from."""
    tables = [spread(0, 8), Table(0, (1024, 1024, 512, 512, 512, 512), 0, 0)]
    shared = uniform(FLOAT32, matrix(2, 6), LEVELS, Integers(Rans(2, base=1)), step=0.25, shared=tables)
    suite.valid(
        "shared-tables",
        "rANS with the second of two shared tables",
        "R-250 R-444",
        file=File([shared], tables=tables),
    )
    suite.valid(
        "integers",
        "an integer block with escapes and low bits",
        "R-404 R-405 R-520 R-521",
        uniform(
            FLOAT32, matrix(3, 2), [5, -9, 100000, 40, -70000, 0], Integers(Packed(8), lo=-4, low_bits=3)
        ),
    )
    suite.valid(
        "sparse",
        "a sparse integer block with low bits and escapes",
        "R-408 R-409 R-522",
        uniform(
            FLOAT32,
            matrix(4, 5),
            [7, 0, 7, 7, 7, 7, 900, 7, 7, 7, 7, 7, 7, -3, 7, 7, 7, 7, 7, 2],
            Integers(Huffman(), lo=-2, low_bits=1, sparse=Sparse(7, (1, 6, 13, 19)), escape=True),
        ),
    )
    suite.valid(
        "contexts",
        "rANS contexts with all three class lists, each under another coder",
        "R-443 R-450 R-451",
        planes(
            OPAQUE1,
            matrix(2, 3, 2),
            BYTES,
            [Rans(2, contexts=Contexts(4, [0, 1], [0, 2, 1], [1, 0], Huffman()))],
        ),
    )
    suite.valid(
        "trellis",
        "dependent quantization, four states, with contexts, row and column codes, an offset, an escape",
        "R-347 R-401 R-403 R-410",
        uniform(
            FLOAT32,
            matrix(2, 6),
            [*LEVELS[:9], 901, 0, -1],
            Integers(Rans(2, contexts=Contexts(2, [0, 1]))),
            step=2.0**-6,
            offset=-0.5,
            row_codes=Codes((0, 8)),
            column_codes=Codes((0, 1, 2, 3, 4, 5), Huffman()),
            trellis=Trellis(1, 4),
        ),
    )
    suite.valid(
        "transform",
        "an inverse transform of blocks of two planes of 2 x 3",
        "R-345 R-348 R-550",
        uniform(FLOAT16, matrix(1, 1, 12), [40, *LEVELS[1:]], step=0.25, transform=Transform(2, 3, 1)),
    )
    suite.valid(
        "ragged",
        "a ragged view of three rows with row bases",
        "R-313 R-314 R-346",
        uniform(FLOAT32, ragged([2, 1, 3]), LEVELS[:6], step=0.5, bases=[10, -20, 0]),
    )
    first = planes(OPAQUE1, ragged([4, 2, 6]), BYTES, [Huffman()])
    second = uniform(BFLOAT16, matrix(1, 12, transposed=True), LEVELS, Integers(Rans()), step=f32(0.125))
    text = b"[w.bin]"
    outputs = [
        Output(None, (text, OPEN, OPEN, next_part(2), b".", repeat(2))),
        Output("w.bin", (next_part(2), b"end")),
    ]
    suite.valid(
        "external",
        "two output files; parts of two sections interleaved, a repeated piece, NOTES and a private section",
        "R-204 R-205 R-210 R-211 R-212 R-213 R-214 R-215 R-220 R-221 R-270 R-271 R-602",
        file=File(
            [first, second],
            outputs,
            others=[(NOTES, b"\0\4" + bytes(6) + b"\x50\x2e\0\3x 1"), (0xF0, b"private")],
        ),
    )

"""The three files that SPEC.md, appendix C, takes apart bit by bit."""

from __future__ import annotations

from conformance.generator.coders import Contexts, Huffman, Packed, Rans
from conformance.generator.files import OPEN, File, Output, next_part
from conformance.generator.integers import Integers
from conformance.generator.records import FLOAT16, FLOAT32, Codes, codebook, planes, uniform
from conformance.generator.suite import Suite
from conformance.generator.tables import Table
from conformance.generator.trellis import Trellis
from conformance.generator.views import matrix, ragged

TABLES = (
    Table(1, (1024, 2048, 1024), 1, 0),
    Table(0, (512, 1024, 1536, 1024), 2, 0),
    Table(0, (1024, 1024, 512, 512, 512, 512), 0, 0),
    Table(0, (512, 1024, 1024, 512, 512, 512), 2, 0),
)
TOKENS = (2, 1, 3, 2, 1, 2, 3, 1, 0, 5, 3, 1, 2, 0, 4, 2)


def add(suite: Suite) -> None:
    """Add the files."""
    halves = planes(FLOAT16, matrix(1, 2), bytes.fromhex("003E00B8"), [Packed(7), Packed(1)], rotate=True)
    first = File([halves], [Output(None, (b"w:", OPEN, b"."))])
    suite.valid("example-1", "SPEC.md, C.1: planes", "R-530", file=first)
    how = Integers(Huffman(lengths={0: 1, 1: 2, 2: 2}))
    indices = [0, 1, 0, 0, 2, 1]
    record = codebook(FLOAT32, ragged([4, 2]), [0x3F00, 0x3F80, 0xBF00], indices, how, entry_width=2)
    outputs = [Output(None, (b"weights: w.bin ", OPEN)), Output("w.bin", (next_part(),))]
    suite.valid(
        "example-2", "SPEC.md, C.2: codebook and Huffman", "R-333 R-510", file=File([record], outputs)
    )
    rans = Rans(2, base=0, contexts=Contexts(2, [0, 1], coder=Packed(1)))
    dependent = uniform(
        FLOAT32, matrix(2, 8), [t - 2 for t in TOKENS], Integers(rans), step=2.0**-6,
        row_codes=Codes((0, 8)), trellis=Trellis(1, 4), shared=TABLES,
    )  # fmt: skip
    suite.valid(
        "example-3", "SPEC.md, C.3: uniform, trellis, contexts and shared tables", "R-250 R-511",
        file=File([dependent], [Output(None, (b"T", OPEN))], TABLES),
    )  # fmt: skip

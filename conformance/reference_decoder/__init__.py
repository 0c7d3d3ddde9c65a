"""A decoder of `.nntc` files, version 1.0, written from SPEC.md alone, to be read beside it.

It supports all profiles, Device, Main and Full [R-003], [R-790]. Modules follow the clauses of SPEC.md:

    bits, frames      3      fields, varints, bit runs; zstd frames, bzip2 streams
    container         5      header, directory, layout, section CRC
    graph             6.1-3  GRAPH, splices, names
    base              6.9    the base of an update
    tables            6.4, 8.7  frequency tables
    notes, index      6.6-7  NOTES, INDEX (for tools)
    signature         6.8    SIGNATURE (for callers who demand one)
    record, elements, views  7.1-2  TENSOR sections: records, their head and view
    exact_tools       7.3-4, 9.6  planes and codebook
    uniform, trellis  7.5, 9.7  uniform
    difference        7.6, 9.9  difference
    integers          8.1, 9.5  integer blocks
    coding, symbols, packed, huffman, rans_syntax, rans  8.2-6, 9.4  tokens
    transform         9.8, A  the inverse transform
    rounding          9.7    the one rounding to the element type
    decoder           9.1-3, 11.2  the process
    output            9.2, 10  output files
    errors            12     error ids

A comment ``# R-nnn`` stands at each line that enforces requirement R-nnn. No line can enforce these:

    R-001, R-002           the whole of this package; shown by tests, not by a check
    R-700                  the memory that decoding takes; a property of the code (see ``memory_bound``)
    R-790                  a claim about decoders
    R-900, R-901, R-903    about encoders: what they write, hash and refuse
    R-902                  about encoders; that a payload is not empty follows from R-158
    R-904                  about encoders; that elements are finite follows from R-542
    R-905                  about encoders; a file with two NOTES sections is still decoded (R-270)
    R-274                  about tools that hand out tensors; this decoder decodes whole files
    R-907                  about encoders; whatever INDEX says, the file is decoded (R-274)
    R-906                  about encoders; a header may state more than is needed (R-110)
"""

from .decoder import Limits, OutputFile, decode, decode_to, tensor_levels
from .errors import NntcError

__all__ = ["Limits", "NntcError", "OutputFile", "decode", "decode_to", "tensor_levels"]

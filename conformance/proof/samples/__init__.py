"""Random valid records and whole files with every tool of SPEC.md, also what no encoder here ever writes.

Bytes are laid out with the vectors' generator, and what they decode to is what the reference decoder says;
nothing is taken from `nntc`. Every choice comes from a `random.Random`, so that hypothesis can steer it and
a long run can seed it.
"""

from __future__ import annotations

from conformance.generator.fields import bit_run, svarint, varint
from conformance.generator.tables import Table, write_tables
from conformance.generator.views import RAGGED, View
from conformance.proof.samples.files import Sample, assemble, container, graph_content, header, random_file
from conformance.proof.samples.numbers import (
    CODEBOOK,
    CODERS,
    FLOATS,
    GRAPH,
    PACKED,
    PLANES,
    TABLES,
    TENSOR,
    UNIFORM,
    ZSTD,
    zstd,
)
from conformance.proof.samples.records import Record, payload_of, random_record, random_view
from conformance.proof.samples.symbols import (
    Around,
    quantizers_of,
    random_table,
    rans_data,
    rans_lanes,
    symbol_data,
)
from conformance.reference_decoder.integers import LARGEST as TOP

__all__ = [
    "CODEBOOK",
    "CODERS",
    "FLOATS",
    "GRAPH",
    "PACKED",
    "PLANES",
    "RAGGED",
    "TABLES",
    "TENSOR",
    "TOP",
    "UNIFORM",
    "ZSTD",
    "Around",
    "Record",
    "Sample",
    "Table",
    "View",
    "assemble",
    "bit_run",
    "container",
    "graph_content",
    "header",
    "payload_of",
    "quantizers_of",
    "random_file",
    "random_record",
    "random_table",
    "random_view",
    "rans_data",
    "rans_lanes",
    "svarint",
    "symbol_data",
    "varint",
    "write_tables",
    "zstd",
]

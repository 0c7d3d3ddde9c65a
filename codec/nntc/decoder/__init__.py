"""From a `.nntc` file to the model's files: numpy, construct and zstandard, nothing else.

Supports the profiles Device, Main and Full.

Read in this order: `directory` (header and directory), `graph` (files and splices), `entropy` (tokens),
`tensor` (records, dequantization), `payloads` (sections in order), `model` (everything, streaming).

Implements SPEC.md 13 (R-003, R-790).
"""

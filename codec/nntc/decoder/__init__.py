"""From a `.nntc` file to the model's files: numpy, construct and zstandard, nothing else.

Supports the profiles Baseline and Main [R-003].

Read in this order: `container` (header, directory), `graph` (files and splices), `entropy` (tokens),
`tensor` (records, dequantization), `model` (everything, streaming).
"""

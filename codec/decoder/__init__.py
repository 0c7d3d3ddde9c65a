"""From a `.nntc` file to the model's files: numpy, construct and zstandard, nothing else.

Read in this order: `container` (header, directory), `graph` (files and splices), `entropy` (tokens),
`tensor` (records, dequantization), `model` (everything, streaming).
"""

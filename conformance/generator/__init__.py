"""Makes the vectors and their manifest, the same bytes every time: `python -m conformance.generator`.

    fields      bytes with a name for each field
    tables, codes, coders, integers, records      a TENSOR section, bottom up
    frames, files      GRAPH, directory, header: a whole file
    suite      vectors: a valid file, or a parent with a patch, an error id and an offset
    cases/     what the vectors are
    manifest   what is written about them

What writes a file shares no code with the package; what the file decodes to is what the package decodes
it to, and the tests let other decoders say the same.
"""

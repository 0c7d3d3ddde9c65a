"""Speed of libnntc beside the Python decoder, NNCodec, zstd, and what no decoder can do without."""

"""Fuzzers of decoders and of the encoder's ONNX side; README.md says how to run them."""

LARGEST = 20 << 10
"""Bytes of an input."""

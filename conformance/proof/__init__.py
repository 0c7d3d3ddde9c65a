"""Proof that the vectors and the runner find what is wrong with a decoder (conformance/README.md)."""

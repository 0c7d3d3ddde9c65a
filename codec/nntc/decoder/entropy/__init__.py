"""Entropy decoding: bytes of a section to tokens and integers."""

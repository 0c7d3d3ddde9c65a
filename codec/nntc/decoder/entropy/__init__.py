"""Entropy decoding: bytes of a section to tokens and integers.

Implements SPEC.md 9.4 and 9.5.
"""

"""The format, as SPEC.md defines it and no more: shared by encoder and decoder, a file for a clause or two.

Implements SPEC.md 14.1.
"""

"""Kernels for decoding, on numpy.

Implements SPEC.md 9.4 (R-510, R-511).
"""

from __future__ import annotations

from nntc.kernels.numpy.huffman_decoding import decode_huffman
from nntc.kernels.numpy.look_up import look_up
from nntc.kernels.numpy.rans_decoding import decode_rans
from nntc.kernels.numpy.table_run import parse_tables

__all__ = ["decode_huffman", "decode_rans", "look_up", "parse_tables"]

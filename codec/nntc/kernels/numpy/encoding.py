"""Kernels for encoding, on numpy."""

from __future__ import annotations

from nntc.kernels.numpy.feedback_search import search_feedback
from nntc.kernels.numpy.huffman_encoding import encode_huffman
from nntc.kernels.numpy.rans_encoding import encode_rans
from nntc.kernels.numpy.trellis_search import search_trellis

__all__ = ["encode_huffman", "encode_rans", "search_feedback", "search_trellis"]

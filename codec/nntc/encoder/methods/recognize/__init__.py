"""Models that were coded before, found from the values of their tensors alone: levels, steps and codes."""

from __future__ import annotations

from nntc.encoder.methods.recognize.model import CodedBefore, find_coded_before

__all__ = ["CodedBefore", "find_coded_before"]

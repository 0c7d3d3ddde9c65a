"""Requirements of SPEC.md that no single vector is about, and why."""

from __future__ import annotations

GENERAL = {
    "R-001": {"classes": ["valid"], "how": "every valid vector must decode to exactly these files"},
    "R-002": {
        "classes": ["malformed", "invalid", "limit", "unsupported", "missing"],
        "how": "every other vector must be rejected with this error id and offset",
    },
    "R-600": {
        "classes": ["malformed", "invalid", "limit", "unsupported", "missing"],
        "how": "whoever runs the suite looks that nothing is left in the output's folder",
    },
    "R-601": {
        "classes": ["malformed", "invalid", "limit", "unsupported", "missing"],
        "how": "whoever runs the suite looks that nothing is left in the output's folder",
    },
    "R-750": {
        "classes": ["malformed", "invalid", "limit", "unsupported", "missing"],
        "how": "error id and offset are read from the decoder's report",
    },
    "R-790": {"classes": ["valid"], "how": "vectors of both profiles"},
}
"""Shown by all vectors of some classes."""

UNDECIDABLE = {
    "R-003": "a decoder's documentation",
    "R-603": "the name of output file 0 is its caller's, and which names are one place is the system's",
    "R-604": "depends on what stands in the folder beforehand",
    "R-605": "depends on what stands in the folder beforehand",
    "R-606": "depends on the system",
    "R-607": "depends on what stands in the folder beforehand",
    "R-608": "depends on what stands in the folder beforehand",
    "R-900": "on encoders; that a file is valid is what every vector shows",
    "R-901": "on encoders: whether sha256 is of the decoded files shows as E_HASH",
    "R-902": "on encoders: a payload of zero bytes cannot be written, see R-158",
    "R-903": "on encoders: which models are refused",
    "R-904": "on encoders: how a tensor is coded",
    "R-905": "on encoders: decoders skip any number of NOTES sections",
    "R-906": "on encoders: that more working memory than needed is valid is what working-memory-* show",
    "R-907": "on encoders: what the index has; a wrong one is still decoded (index-*)",
}
"""Not decidable by looking at what a decoder does with files."""

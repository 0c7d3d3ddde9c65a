"""The library that knows Ed25519 and PEM, loaded where it is needed."""

from __future__ import annotations

from types import ModuleType
from typing import NamedTuple


class Library(NamedTuple):
    """What is used of `cryptography`."""

    ed25519: ModuleType
    serialization: ModuleType
    InvalidSignature: type[Exception]
    UnsupportedAlgorithm: type[Exception]


def library() -> Library:
    """Return it; ImportError that says how to get it."""
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as e:
        raise ImportError("keys and signatures need more: pip install 'nntc[sign]'") from e
    return Library(ed25519, serialization, InvalidSignature, UnsupportedAlgorithm)

"""Files of a tensor of one byte, and the errors of files."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from nntc.decoder.model import decode_bytes
from nntc.errors import FormatError

from conformance.proof import samples
from conformance.proof.mutations import read_head


def raised(data: bytes, **options: Any) -> tuple[str, int | None]:
    with pytest.raises(FormatError) as caught:
        decode_bytes(data, **options)
    return caught.value.id, caught.value.offset


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


NewFile = tuple[int, bytes, tuple[int, int] | None]


ZERO = b"\x00\x00\x01\x01\x01\x00\x00\x01\x00"  # planes, one opaque byte, 0


def one_byte(
    *,
    tensor: bytes = ZERO,
    output: int = 1,
    splices: list[tuple[int, int]] | None = None,
    files: list[NewFile] | None = None,
    skeleton: bytes = b"ab",
    more: list[tuple[int, bytes, int]] | None = None,
) -> bytes:
    """Return a file that decodes to b"a" + a tensor of one zero + b"b", or to what is asked for."""
    files = files or [(3, digest(b"a\0b"), None)]
    content = samples.graph_content(files, [(1, 0)] if splices is None else splices, skeleton)
    sections = [(samples.GRAPH, samples.zstd(content), len(content)), (samples.TENSOR, tensor, output)]
    return samples.container(1, sections + (more or []))


def offset_of(data: bytes, number: int) -> int:
    return read_head(data)[1][number].start

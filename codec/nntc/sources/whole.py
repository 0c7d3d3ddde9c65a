"""Answers of a web server: exact reading, and a whole file kept in a temporary one."""

from __future__ import annotations

import http.client
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

_PIECE = 1 << 20


def encoding_of(answer: Any) -> str:
    """Return how the body is compressed, identity for not at all."""
    return str(answer.headers.get("Content-Encoding") or "identity").lower()


def read_exactly(answer: Any, length: int) -> bytes:
    """Return that many bytes of the body; http.client.IncompleteRead if there are fewer."""
    data: bytes = answer.read(length)
    if len(data) < length:
        raise http.client.IncompleteRead(data, length - len(data))
    return data


class WholeFile:
    """A file that came as the body of one answer.

    Parameters
    ----------
    answer
        Of which nothing has been read. A body that is compressed all the same is decompressed.

    Raises
    ------
    ValueError
        It is compressed in another way than gzip or deflate.
    http.client.IncompleteRead, zlib.error, OSError
        It does not come to its end.
    """

    def __init__(self, answer: Any) -> None:
        self._file = cast("BinaryIO", tempfile.TemporaryFile(prefix="nntc-"))  # noqa: SIM115 - closed by `close`
        weakref.finalize(self, self._file.close)
        try:
            for piece in _body(answer):
                self._file.write(piece)
        except BaseException:
            self._file.close()
            raise
        self.size = self._file.tell()

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end."""
        self._file.seek(offset)
        return self._file.read(length)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def _body(answer: Any) -> Iterator[bytes]:
    """Yield a body in pieces, not compressed."""
    encoding = encoding_of(answer)
    if encoding == "identity":
        yield from _pieces(answer)
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise ValueError(f"is sent as {encoding}, which nobody has asked for")
    inflate = zlib.decompressobj(32 + zlib.MAX_WBITS)  # takes the headers of both
    for piece in _pieces(answer):
        yield inflate.decompress(piece)
    yield inflate.flush()
    if not inflate.eof:
        raise http.client.IncompleteRead(b"")


def _pieces(answer: Any) -> Iterator[bytes]:
    while piece := answer.read(_PIECE):
        yield piece
    if answer.length:  # bytes that were announced and did not come
        raise http.client.IncompleteRead(b"", answer.length)

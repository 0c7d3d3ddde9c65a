"""A `.nntc` file that comes as a stream, such as a pipe: read once, and forward.

Whoever reads header and directory tells the stream what follows. Sections that are asked for in another
order, as several threads do, are kept until then; those that nobody decodes are checked as they pass, and not
kept.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from nntc.errors import FormatError, SourceError, reason

_PIECE = 1 << 20
_NOT_KNOWN = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of the stream after header and directory.

    Parameters
    ----------
    start, end
        First byte, and the one after the last.
    is_kept
        Whether it is kept where it passes before it is asked for; if not, only its digest is.
    """

    start: int
    end: int
    is_kept: bool


class StreamSource:
    """A source whose bytes are read in order; several threads may ask.

    Parameters
    ----------
    file
        A binary file that is read from where it is; it is not closed.
    """

    def __init__(self, file: io.RawIOBase | io.BufferedIOBase) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._at = 0
        self._first = bytearray()  # header and directory, which may be read again
        self._passages: list[Passage] = []
        self._unkept: set[int] = set()  # where those begin that are not kept
        self._next = 0  # number of the first passage that may not have passed
        self._kept: dict[int, bytes] = {}
        self._digests: dict[int, bytes] = {}
        self.size = _NOT_KNOWN

    def expect(self, passages: Iterable[Passage]) -> None:
        """Learn what follows header and directory, without gaps; `size` is then where it ends."""
        self._passages = list(passages)
        self._unkept = {passage.start for passage in self._passages if not passage.is_kept}
        self.size = self._passages[-1].end

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes offset..offset + length, fewer only past the end.

        Raises
        ------
        SourceError
            E_SOURCE: they have passed; the stream cannot be read.
        """
        with self._lock:
            if not length:
                return b""
            if offset < self._at:
                return self._again(offset, length)
            self._pass_to(offset)
            found = self._take(min(length, self.size - offset))
            if offset in self._unkept:
                self._digests[offset] = hashlib.sha256(found).digest()
            if not self._passages:
                self._first += found
            return found

    def digest(self, offset: int, length: int) -> bytes | None:
        """Return the SHA-256 of a stretch that nobody reads; None where it is cut off."""
        with self._lock:
            if not length:
                return hashlib.sha256().digest()
            if offset in self._digests:
                return self._digests[offset]
            self._pass_to(offset)
            return self._skip(length)

    def finish(self) -> None:
        """Check that nothing follows; FormatError, E_TRAILING, if anything does."""
        with self._lock:
            self._pass_to(self.size)
            if self._take(1):
                raise FormatError("E_TRAILING", "bytes left after the last section", self.size)

    def close(self) -> None:
        """Forget what was kept; the file is the caller's."""
        self._kept.clear()

    def _again(self, offset: int, length: int) -> bytes:
        if offset in self._kept:
            return self._kept.pop(offset)
        if not self._passages:  # header or directory are looked at again, to tell what they are instead
            self._first += self._take(offset + length - self._at)
        if offset + length <= len(self._first) or not self._passages:
            return bytes(self._first[offset : offset + length])
        raise SourceError("E_SOURCE", "a stream is read once, and forward; save it to a file first")

    def _pass_to(self, offset: int) -> None:
        """Go on to a place, keeping of what is passed what will be asked for, or its digest."""
        while self._at < offset and self._next < len(self._passages):
            passage = self._passages[self._next]
            if passage.end > offset:
                return
            self._next += 1
            length = passage.end - passage.start
            if passage.start >= self._at and length:
                if passage.is_kept:
                    self._kept[passage.start] = self._take(length)
                elif (digest := self._skip(length)) is not None:
                    self._digests[passage.start] = digest

    def _skip(self, length: int) -> bytes | None:
        digest = hashlib.sha256()
        while length and (piece := self._take(min(length, _PIECE))):
            digest.update(piece)
            length -= len(piece)
        return None if length else digest.digest()

    def _take(self, length: int) -> bytes:
        """Return the next bytes, fewer only at the end; memory grows with what comes."""
        pieces = []
        while length > 0:
            try:
                piece = self._file.read(min(length, _PIECE))
            except OSError as e:
                raise SourceError("E_SOURCE", f"cannot read the stream: {reason(e)}") from e
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
            length -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

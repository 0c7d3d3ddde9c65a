"""Ranges of a file in any store that fsspec knows: s3, gs, hf, memory and others (extra `remote`)."""

from __future__ import annotations

import hashlib

from nntc.errors import SourceError


class FsspecRanges:
    """A file of a file system of fsspec.

    Parameters
    ----------
    url
        As fsspec has it, such as s3://bucket/model.nntc.

    Raises
    ------
    ImportError
        There is no fsspec, or not the package that it needs for this scheme.
    SourceError
        E_SOURCE: nothing is known about such a scheme.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        scheme = url.partition(":")[0]
        try:
            from fsspec.core import url_to_fs
        except ImportError as e:
            message = f"URLs of {scheme} need more: pip install 'nntc[remote]'"
            raise ImportError(message, name="fsspec") from e
        try:
            self._system, self._path = url_to_fs(url)
        except ImportError as e:
            raise ImportError(f"URLs of {scheme} need more: {e}") from e
        except Exception as e:
            raise self._fault(e) from e
        self._state = b""
        self.size = -1

    def start(self, length: int) -> bytes:
        """Return the first bytes, fewer only if the file is shorter; called once and first."""
        try:
            size = self._system.info(self._path).get("size")
            self.size = len(self._system.cat_file(self._path)) if size is None else int(size)
            self._state = self._mark()
        except Exception as e:
            raise self._fault(e) from e
        return self.fetch(0, min(length, self.size)) if self.size else b""

    def fetch(self, offset: int, length: int) -> bytes:
        """Return exactly that many bytes, which the file has.

        Raises
        ------
        SourceError
            E_SOURCE: they cannot be read. E_SOURCE_CHANGED: the file is another than before.
        """
        try:
            data: bytes = self._system.cat_file(self._path, start=offset, end=offset + length)
            state = self._mark()
        except Exception as e:
            raise self._fault(e) from e
        if len(data) != length or state != self._state:
            raise SourceError("E_SOURCE_CHANGED", f"{self._url}: was replaced while it was read")
        return bytes(data)

    def close(self) -> None:
        """Do nothing: connections are fsspec's."""

    def _mark(self) -> bytes:
        """Return what tells versions of the file apart."""
        about = self._system.info(self._path)
        return hashlib.sha256(repr(sorted(about.items(), key=lambda item: item[0])).encode()).digest()

    def _fault(self, error: Exception) -> SourceError:
        """Return the error for one of those that file systems raise, which have nothing in common."""
        if isinstance(error, FileNotFoundError):
            reason = "No such file"
        else:
            reason = " ".join(str(error).split()) or type(error).__name__
        return SourceError("E_SOURCE", f"{self._url}: {reason}")

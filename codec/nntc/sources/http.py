"""Ranges of a file on a web server, with the standard library alone (RFC 9110, clauses 13 and 14)."""

from __future__ import annotations

import base64
import http.client
import re
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import Any, TypeVar
from urllib import error, request
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from nntc.errors import SourceError
from nntc.sources.whole import WholeFile, encoding_of, read_exactly

T = TypeVar("T")

_TIMEOUT = 30.0  # seconds without an answer, or without another byte of it
_PAUSES = (0.5, 2.0)  # seconds before each further attempt
_PASSING = {429, 500, 502, 503, 504}
"""Statuses that may be others a moment later."""
_PARTIAL, _WHOLE, _NO_SUCH_RANGE = 206, 200, 416
_URL_CHARACTERS = "%/:=&?~+!$,;'@()*"


class HttpRanges:
    """A file on a web server.

    A server that answers with the whole file instead of a range is right to do so; the file is then kept in a
    temporary one.

    Parameters
    ----------
    url
        http or https, perhaps with user name and password in it. A proxy is taken from the environment.

    Raises
    ------
    SourceError
        E_SOURCE: it is no URL.
    """

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
        except ValueError as e:
            raise SourceError("E_SOURCE", f"{url}: {e}") from e
        host = parts.netloc.rpartition("@")[2]
        path, query = (quote(part, safe=_URL_CHARACTERS) for part in (parts.path, parts.query))
        self._name = urlunsplit((parts.scheme, host, parts.path, "", ""))  # neither password nor tokens
        self._url = urlunsplit((parts.scheme, host, path, query, ""))
        self._credentials = ""
        if "@" in parts.netloc:
            pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            self._credentials = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._opener = _opener()
        self._marks: dict[str, str] = {}
        self._whole: WholeFile | None = None
        self.size = -1

    def start(self, length: int) -> bytes:
        """Return the first bytes, fewer only if the file is shorter; called once and first."""
        return self._attempt(lambda: self._ask(0, length))

    def fetch(self, offset: int, length: int) -> bytes:
        """Return exactly that many bytes, which the file has.

        Raises
        ------
        SourceError
            E_SOURCE: no answer, or a wrong one. E_SOURCE_CHANGED: the file is another than before.
        """
        if self._whole is None:
            return self._attempt(lambda: self._ask(offset, length))
        return self._whole.read(offset, length)

    def close(self) -> None:
        """Remove the temporary file, if there is one."""
        if self._whole is not None:
            self._whole.close()

    def _attempt(self, ask: Callable[[], T]) -> T:
        """Ask, and once more where a fault may pass; SourceError for every fault of server and connection."""
        for pause in (*_PAUSES, None):
            try:
                return ask()
            except error.HTTPError as e:
                with closing(e):
                    fault: Exception = SourceError("E_SOURCE", f"{self._name}: {e.code} {e.reason}")
                passing = e.code in _PASSING
            except (OSError, http.client.HTTPException, ValueError, zlib.error) as e:
                reason = e.reason if isinstance(e, error.URLError) else e
                fault = SourceError("E_SOURCE", f"{self._name}: {_in_words(reason)}")
                passing = isinstance(reason, ConnectionError | http.client.HTTPException)
            if pause is None or not passing:
                raise fault
            time.sleep(pause)
        raise AssertionError

    def _ask(self, offset: int, length: int) -> bytes:
        """Return a range from the server, or from the whole file if that is what the server sends."""
        try:
            with closing(self._open(f"bytes={offset}-{offset + length - 1}")) as answer:
                if answer.status != _PARTIAL:
                    return self._keep(answer).read(offset, length)
                found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
                if found and int(found[1]) == offset and encoding_of(answer) == "identity":
                    self._check_marks(answer.headers)
                    self._check_size(int(found[2]))
                    return read_exactly(answer, min(length, self.size - offset))
        except error.HTTPError as e:
            if e.code != _NO_SUCH_RANGE:
                raise
            e.close()
            if self.size >= 0:
                raise self._changed() from e
        # What the server has for ranges cannot be used.
        with closing(self._open(None)) as answer:
            return self._keep(answer).read(offset, length)

    def _open(self, wanted: str | None) -> Any:
        """Send a request, for a range or for the whole file."""
        asked = request.Request(self._url)  # noqa: S310 - of http and https alone
        if wanted is not None:
            asked.add_header("Range", wanted)
        asked.add_header("Accept-Encoding", "identity")  # ranges of a compressed file would be of no use
        asked.add_header("User-Agent", "nntc")
        if self._credentials:
            asked.add_unredirected_header("Authorization", self._credentials)
        return self._opener.open(asked, timeout=_TIMEOUT)

    def _keep(self, answer: Any) -> WholeFile:
        """Keep the whole file, which is an answer's body."""
        if answer.status != _WHOLE:
            raise SourceError("E_SOURCE", f"{self._name}: answers with status {answer.status}")
        if encoding_of(answer) == "identity":
            self._check_marks(answer.headers)
        whole = WholeFile(answer)
        try:
            self._check_size(whole.size)
        except SourceError:
            whole.close()
            raise
        self._whole = whole
        return whole

    def _check_size(self, size: int) -> None:
        if self.size >= 0 and self.size != size:
            raise self._changed()
        self.size = size

    def _check_marks(self, headers: Any) -> None:
        """Compare what tells versions of a file apart with the first answer."""
        for name in ("ETag", "Last-Modified"):
            mark = headers.get(name)
            if mark is not None and self._marks.setdefault(name, mark) != mark:
                raise self._changed()

    def _changed(self) -> SourceError:
        return SourceError("E_SOURCE_CHANGED", f"{self._name}: was replaced while it was read")


def _in_words(reason: object) -> str:
    """Return why there was no answer."""
    if isinstance(reason, TimeoutError):
        return f"no answer within {_TIMEOUT:g} seconds"
    if isinstance(reason, http.client.IncompleteRead):
        return "the connection ended early"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return str(reason) or type(reason).__name__


def _opener() -> request.OpenerDirector:
    """Return an opener that follows redirects and knows proxies, for http and https alone."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener

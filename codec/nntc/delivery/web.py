"""Requests to a web server, with urllib3: one answer at a time, its body in pieces as they come."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from nntc.delivery.pace import Pace, SlowError
from nntc.delivery.settings import Network
from nntc.errors import SourceError

_PIECE = 1 << 16
_REDIRECTS = 5
_PASSING = {408, 425, 429, 500, 502, 503, 504}
"""Statuses that may be others a moment later."""


class PassingError(Exception):
    """No answer, or one that breaks off, is too slow, or makes no sense: the next may be better.

    Parameters
    ----------
    message
        What has happened, for people.
    pause
        Seconds that the server asks to be left alone for.
    """

    def __init__(self, message: str, pause: float | None = None) -> None:
        self.pause = pause
        super().__init__(message)


class StatusError(SourceError):
    """An answer without what was asked for, which will not change soon: E_SOURCE.

    Parameters
    ----------
    status
        Of the answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__("E_SOURCE", message)
        self.status = status


class Answer:
    """An answer with a body.

    Parameters
    ----------
    response
        Of urllib3, of whose body nothing has been read.
    pace
        Told of each piece.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, pace: Pace) -> None:
        self._response, self._pace = response, pace
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    @property
    def is_plain(self) -> bool:
        """Whether the body is the file itself, not compressed."""
        return self.headers.get("Content-Encoding", "identity").lower() in ("", "identity")

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most 64 KiB, decompressed, as they come.

        Raises
        ------
        PassingError
            It breaks off, or is too slow.
        """
        try:
            while piece := self._response.read1(_PIECE, decode_content=True):
                self._pace.took(len(piece))
                yield piece
        except SlowError as e:
            raise PassingError(str(e)) from e
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as e:
            raise PassingError(in_words(e)) from e


class Web:
    """A client of web servers.

    Parameters
    ----------
    settings
        Timeouts and rates.
    """

    def __init__(self, settings: Network) -> None:
        self.settings = settings
        self.pace = Pace(settings)
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Ask for a file and give the answer, which is closed afterwards.

        Parameters
        ----------
        url
            http or https, perhaps with user name and password in it.
        headers
            Of the request, beside those that every one has.

        Raises
        ------
        PassingError
            No answer now.
        StatusError
            No such file, no right to it, and the like.
        """
        plain, own = _split(url)
        own |= {"Accept-Encoding": "identity", "User-Agent": "nntc", **headers}
        self.pace.begin()
        try:
            response = self._pool(plain).request("GET", plain, headers=own, preload_content=False)
        except urllib3.exceptions.LocationValueError as e:
            raise StatusError(f"{plain}: {in_words(e)}", 0) from e
        except (urllib3.exceptions.HTTPError, OSError) as e:
            raise PassingError(f"{plain}: {in_words(e)}") from e
        try:
            if response.status in _PASSING:
                pause = _seconds(response.headers.get("Retry-After"))
                raise PassingError(f"{plain}: status {response.status}", pause)
            if response.status not in (200, 206, 416):
                raise StatusError(f"{plain}: status {response.status}", response.status)
            yield Answer(response, self.pace)
        finally:
            response.close()  # what is left of the body is not wanted

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Return connections to a server, or to the proxy that the environment names for it."""
        parts = urlsplit(url)
        proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
        if proxy not in self._pools:
            timeout = urllib3.Timeout(connect=self.settings.timeout, read=self.settings.timeout)
            retries = urllib3.Retry(
                _REDIRECTS, connect=0, read=0, status=0, other=0, respect_retry_after_header=False
            )
            if proxy is None:
                self._pools[proxy] = urllib3.PoolManager(timeout=timeout, retries=retries)
            else:
                self._pools[proxy] = _proxied(proxy, timeout, retries)
        return self._pools[proxy]

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.clear()


def _proxied(proxy: str, timeout: urllib3.Timeout, retries: urllib3.Retry) -> urllib3.PoolManager:
    plain, headers = _split(proxy if "://" in proxy else f"http://{proxy}")
    own = {"Proxy-Authorization": headers["Authorization"]} if headers else None
    return urllib3.ProxyManager(plain, proxy_headers=own, timeout=timeout, retries=retries)


def _split(url: str) -> tuple[str, dict[str, str]]:
    """Return a URL without user name and password, and the header that has them."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url, {}
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    plain = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return plain, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def shown(url: str) -> str:
    """Return a URL as messages show it, without user name and password."""
    return _split(url)[0]


def _seconds(value: str | None) -> float | None:
    """Return what a Retry-After header asks for; None where it names a date, or nothing."""
    with suppress(TypeError, ValueError):
        return max(float(value), 0.0)  # type: ignore[arg-type]
    return None


def in_words(error: BaseException) -> str:
    """Return why there is no answer, or no more of it."""
    cause = getattr(error, "reason", None)
    if isinstance(cause, BaseException):
        return in_words(cause)
    if isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.NameResolutionError):
        return str(error).rpartition(": ")[2]
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return "no answer in time"
    if isinstance(error, urllib3.exceptions.ProtocolError | urllib3.exceptions.IncompleteRead):
        return "the connection ended early"
    if isinstance(error, urllib3.exceptions.DecodeError):
        return "the answer is compressed, and damaged"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate is not trusted: {error.verify_message}"
    return str(error) or type(error).__name__

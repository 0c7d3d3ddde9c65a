"""TUF's metadata from a web server: python-tuf's fetcher, with this package's patience and limits."""

from __future__ import annotations

from collections.abc import Iterator

from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient.fetcher import FetcherInterface

from nntc.delivery.pace import Patience
from nntc.delivery.web import PassingError, StatusError, Web, shown
from nntc.sources.kinds import HEAD, kind_of


class MetadataFetcher(FetcherInterface):
    """Fetches small files whole, again where a fault may pass.

    Parameters
    ----------
    web
        Client.
    """

    def __init__(self, web: Web) -> None:
        self._web = web

    def _fetch(self, url: str) -> Iterator[bytes]:
        """Yield the body of one answer in pieces.

        Raises
        ------
        DownloadHTTPError
            There is none, and will be none soon.
        PassingError
            There is none now.
        """
        try:
            with self._web.get(url, {}) as answer:
                if answer.status != 200:
                    raise PassingError(f"{shown(url)}: status {answer.status}")
                yield from answer.pieces()
        except StatusError as e:
            raise DownloadHTTPError(e.message, e.status) from e

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return a file of metadata.

        Parameters
        ----------
        url
            Of the file.
        max_length
            Most bytes that it may have; an answer that goes on is left there.

        Raises
        ------
        DownloadError
            It cannot be had; DownloadHTTPError for a status, DownloadLengthMismatchError for too many bytes.
        """
        patience = Patience(self._web.settings)
        while True:
            try:
                return self._once(url, max_length)
            except PassingError as e:
                patience.wait(gained=False, asked=e.pause)
                if patience.is_over:
                    raise DownloadError(str(e)) from e

    def _once(self, url: str, max_length: int) -> bytes:
        data = bytearray()
        for piece in self._fetch(url):
            data += piece
            if len(data) > max_length:
                raise DownloadLengthMismatchError(f"{shown(url)}: sends more than {max_length:,} bytes")
        if not data.lstrip().startswith(b"{"):  # a page, perhaps of a network that asks to log in
            kind = kind_of(bytes(data[:HEAD])) or "something else"
            raise PassingError(f"{shown(url)}: not metadata but {kind}")
        return bytes(data)

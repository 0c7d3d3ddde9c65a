"""A web server for trying out: files of a folder, with ranges and marks, on this machine alone.

What it sends is what any static server sends (RFC 9110, clauses 8.8.3, 13 and 14). It is no server for the
open: it has neither TLS nor limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

_PIECE = 1 << 16
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
"""What browsers insist on, for pages that are tried out; all else is bytes to them."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        """Send a file, or a range of it."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Send what GET would send before the body."""
        self._answer(with_body=False)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        path = self._path()
        if path is None:
            self._head(404, 0)
            return
        with path.open("rb") as file, suppress(ConnectionError):  # whoever asked may have gone
            status = path.stat()
            size, mark = status.st_size, f'"{status.st_size:x}-{status.st_mtime_ns:x}"'
            if self.headers.get("If-None-Match") == mark:
                self._head(304, 0, ETag=mark)
                return
            is_range = self.headers.get("If-Range", mark) == mark
            span = _span(self.headers.get("Range", ""), size) if is_range else None
            kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
            headers = {"ETag": mark, "Accept-Ranges": "bytes", "Content-Type": kind}
            if span is None:
                start, end = 0, size
                self._head(200, size, **headers)
            elif span[0] >= span[1]:
                self._head(416, 0, **{"Content-Range": f"bytes */{size}"}, **headers)
                return
            else:
                start, end = span
                self._head(
                    206, end - start, **{"Content-Range": f"bytes {start}-{end - 1}/{size}"}, **headers
                )
            if with_body:
                self._send(file, start, end)

    def _send(self, file: BinaryIO, start: int, end: int) -> None:
        file.seek(start)
        while start < end and (piece := file.read(min(_PIECE, end - start))):
            self.wfile.write(piece)
            start += len(piece)
        if start < end:  # it was cut off meanwhile
            self.close_connection = True

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _path(self) -> Path | None:
        """Return the file that is asked for; None for one that is hidden, elsewhere, or not there."""
        parts = unquote(urlsplit(self.path).path).split("/")[1:]
        if not parts[-1]:  # a folder's page
            parts[-1] = "index.html"
        if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        with suppress(OSError):
            path = self.folder.joinpath(*parts).resolve()
            if path.is_file() and path.is_relative_to(self.folder):
                return path
        return None


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """Return a range's first byte and the one after its last; None for what is no single range."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", asked)
    if match is None or asked == "bytes=-":
        return None
    if not match[1]:
        return max(size - int(match[2]), 0), size
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < first:
        return None
    return first, size if last is None else min(last + 1, size)


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[ThreadingHTTPServer]:
    """Give a server for a folder, whose `serve_forever` answers and whose `server_port` is where.

    Parameters
    ----------
    folder
        What it serves; hidden files and links that lead out of it are not there for it.
    port
        Of this machine; 0 for one that is free.

    Raises
    ------
    OSError
        The port is taken.
    """
    handler = type("_Own", (_Handler,), {"folder": folder.resolve()})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        yield server

"""A web server for a folder, which does what a test tells it to do wrong."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Server:
    """A server on this machine.

    Parameters
    ----------
    folder
        What it serves.
    url
        Of the folder.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.script: list[Behaviour] = []
        """What it does at the next requests for target files, one after the other; then `otherwise`."""
        self.otherwise: Behaviour = serve
        self.metadata: Behaviour = serve
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def targets(self) -> list[dict[str, str]]:
        """Headers of the requests for target files."""
        return [headers for path, headers in self.requests if "/targets/" in path]


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the behaviour that a test has chosen."""

    protocol_version = "HTTP/1.1"
    server_: Server

    def do_GET(self) -> None:
        """Answer."""
        server = self.server_
        server.requests.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
        path = server.folder / self.path.removeprefix("/")
        behave = server.metadata
        if "/targets/" in self.path:
            behave = server.script.pop(0) if server.script else server.otherwise
        self.close_connection = True
        data = path.read_bytes() if path.is_file() else None
        with suppress(OSError):  # a client that has gone
            if data is None:
                self.send(404, b"there is nothing")
            else:
                behave(self, data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def asked(self, size: int) -> tuple[int, int]:
        """Return the first byte that is asked for, and the one after the last."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        return (int(found[1]), int(found[2]) + 1) if found else (0, size)

    def head(self, status: int, length: int, **headers: Any) -> None:
        """Begin an answer; names of headers have underscores for hyphens."""
        self.send_response(status)
        for name, value in {"Content_Length": length, "Connection": "close", **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, status: int, body: bytes, **headers: Any) -> None:
        """Send an answer."""
        self.head(status, len(body), **headers)
        self.wfile.write(body)

    def begin(self, data: bytes, **headers: Any) -> bytes:
        """Begin an answer as a good server does; return its body."""
        start, end = self.asked(len(data))
        if "Range" not in self.headers:
            self.head(200, len(data), **headers)
        else:
            self.head(206, end - start, Content_Range=f"bytes {start}-{end - 1}/{len(data)}", **headers)
        return data[start:end]


Behaviour = Callable[[Handler, bytes], None]


def serve(handler: Handler, data: bytes) -> None:
    """Send what is asked for."""
    handler.wfile.write(handler.begin(data, ETag='"a"'))


def cut(count: int, *, marked: bool = True) -> Behaviour:
    """Return a behaviour: so many bytes, and the connection ends."""

    def behave(handler: Handler, data: bytes) -> None:
        body = handler.begin(data, ETag='"a"' if marked else None)
        handler.wfile.write(body[:count])

    return behave


def changed(change: Callable[[bytes], bytes], tag: str = "a", count: int | None = None) -> Behaviour:
    """Return a behaviour: another file, and perhaps the connection ends after so many bytes."""

    def behave(handler: Handler, data: bytes) -> None:
        handler.wfile.write(handler.begin(change(data), ETag=f'"{tag}"')[:count])

    return behave


def flip(*places: int) -> Callable[[bytes], bytes]:
    """Return a change: some bytes are others."""

    def change(data: bytes) -> bytes:
        found = bytearray(data)
        for place in places:
            found[place] ^= 0x55
        return bytes(found)

    return change


def without_ranges(count: int | None = None) -> Behaviour:
    """Return a behaviour: the whole file, whatever is asked for."""

    def behave(handler: Handler, data: bytes) -> None:
        handler.head(200, len(data))
        handler.wfile.write(data[:count])

    return behave


def wrong_range(handler: Handler, data: bytes) -> None:
    """Send the beginning, as another range than was asked for."""
    handler.send(206, data[:100], Content_Range=f"bytes 0-99/{len(data)}")


def zipped(handler: Handler, data: bytes) -> None:
    """Send the whole file compressed, although nobody has asked for that."""
    handler.send(200, gzip.compress(data), Content_Encoding="gzip")


def zipped_range(handler: Handler, data: bytes) -> None:
    """Send a range of a compressed file."""
    start, end = handler.asked(len(data))
    headers = {"Content_Range": f"bytes {start}-{end - 1}/{len(data)}", "Content_Encoding": "gzip"}
    handler.send(206, gzip.compress(data)[start:end], **headers)


def page(handler: Handler, _: bytes) -> None:
    """Send a page with status 200, as networks do that ask to log in."""
    handler.send(200, b"<!doctype html><html><body>Welcome!</body></html>" * 9, Content_Type="text/html")


def endless(handler: Handler, data: bytes) -> None:
    """Send the file, and more and more after it."""
    handler.head(200, 1 << 40)
    handler.wfile.write(data)
    for _ in range(64):
        handler.wfile.write(bytes(1 << 16))


def status(code: int, **headers: Any) -> Behaviour:
    """Return a behaviour: nothing but a status."""
    return lambda handler, _: handler.send(code, b"a page about it", **headers)


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve the parts of a folder."""
    handler = type("Own", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        server = Server(folder, f"http://127.0.0.1:{http.server_port}/repository")
        handler.server_ = server  # type: ignore[attr-defined]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()

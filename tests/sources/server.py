"""A web server for tests, which does what servers do, and what some of them do wrong."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Web:
    """A file on a server, and how the server behaves.

    Parameters
    ----------
    url
        Of the file.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.data = b""
        self.answer: Callable[[Handler], None] = partial
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """Offset and length of every range that was asked for."""
        found = [re.fullmatch(r"bytes=(\d+)-(\d+)", head.get("range", "")) for _, head in self.requests]
        return [(int(m[1]), int(m[2]) - int(m[1]) + 1) for m in found if m]


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the behaviour that a test has chosen."""

    web: Web

    def do_GET(self) -> None:
        """Answer."""
        self.web.requests.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
        self.web.answer(self)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def asked(self) -> tuple[int, int] | None:
        """Return the first byte of the range that is asked for, and the one after the last."""
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        return (int(found[1]), min(int(found[2]) + 1, len(self.web.data))) if found else None

    def send(self, status: int, body: bytes, **headers: Any) -> None:
        """Send an answer; names of headers have underscores for hyphens."""
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


def whole(handler: Handler) -> None:
    """Send the whole file, whatever is asked for."""
    handler.send(200, handler.web.data)


def partial(handler: Handler, **headers: Any) -> None:
    """Send what is asked for."""
    asked, size = handler.asked(), len(handler.web.data)
    if asked is None:
        handler.send(200, handler.web.data, **headers)
    elif asked[0] >= size:
        handler.send(416, b"", Content_Range=f"bytes */{size}")
    else:
        start, end = asked
        headers = {"Content_Range": f"bytes {start}-{end - 1}/{size}", **headers}
        handler.send(206, handler.web.data[start:end], **headers)


def status(code: int) -> Callable[[Handler], None]:
    """Return a behaviour: nothing but a status."""
    return lambda handler: handler.send(code, b"a page about it")


def zipped(handler: Handler) -> None:
    """Send the whole file compressed, although nobody has asked for that."""
    handler.send(200, gzip.compress(handler.web.data), Content_Encoding="gzip")


@contextmanager
def serving() -> Iterator[Web]:
    """Start a server on this machine."""
    handler = type("Own", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        web = Web(f"http://127.0.0.1:{server.server_port}/folder/model.nntc")
        handler.web = web  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            server.shutdown()
            thread.join()

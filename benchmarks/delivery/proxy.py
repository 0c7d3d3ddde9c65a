"""A proxy between device and server that does to answers what bad networks and servers do."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_PIECE = 8192


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to answers for target files.

    Parameters
    ----------
    cut
        Bytes after which a connection ends, on average; 0 for never.
    flip
        Bytes of which one is damaged, on average; 0 for none.
    rate
        Bytes in a second; 0 for no limit.
    delay
        Seconds before an answer.
    ranges
        Whether requests keep their `Range`.
    replaced
        Whether every second answer is that of another file, with another mark.
    silent
        Seconds without a byte, after which the connection ends; 0 for an answer.
    """

    cut: int = 0
    flip: int = 0
    rate: float = 0.0
    delay: float = 0.0
    ranges: bool = True
    replaced: bool = False
    silent: float = 0.0


class Proxy:
    """The proxy.

    Parameters
    ----------
    upstream
        Port of the server.
    seed
        Of chance.
    """

    def __init__(self, upstream: int, seed: int = 0) -> None:
        self.upstream, self.random = upstream, random.Random(seed)
        self.fault = Fault()
        self.answers = self.sent = 0
        """Answers for target files, and bytes of their bodies."""

    def answer(self, request: bytes, send: Callable[[bytes], None]) -> None:
        """Pass a request on, and its answer back."""
        is_target = b" /targets/" in request.split(b"\r\n", 1)[0]
        fault = self.fault if is_target else Fault()
        request = re.sub(rb"\r\nConnection:[^\r]*", b"", request, flags=re.IGNORECASE)
        if not fault.ranges:
            request = re.sub(rb"\r\n(If-)?Range:[^\r]*", b"", request, flags=re.IGNORECASE)
        request = request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        if is_target:
            self.answers += 1
        is_other = fault.replaced and self.answers % 2 == 0
        time.sleep(fault.delay)
        if fault.silent:
            time.sleep(fault.silent)
            return
        with socket.create_connection(("127.0.0.1", self.upstream)) as server:
            server.sendall(request)
            reader = server.makefile("rb")
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += reader.readline()
            if is_other:
                head = re.sub(rb'ETag: "', b'ETag: "other-', head, flags=re.IGNORECASE)
            send(head)
            if is_target:
                self._pass_body(reader.read, send, fault, is_other=is_other)
            else:
                send(reader.read())

    def _pass_body(
        self, read: Callable[[int], bytes], send: Callable[[bytes], None], fault: Fault, *, is_other: bool
    ) -> None:
        left = self.random.expovariate(1 / fault.cut) if fault.cut else float("inf")
        until_flip = self.random.expovariate(1 / fault.flip) if fault.flip else float("inf")
        size = min(_PIECE, max(int(fault.rate / 10), 1)) if fault.rate else _PIECE
        while piece := bytearray(read(size)):
            if is_other:
                piece[0] ^= 0xFF
            while until_flip < len(piece):
                piece[int(until_flip)] ^= 1 << self.random.randrange(8)
                until_flip += max(self.random.expovariate(1 / fault.flip), 1)
            until_flip -= len(piece)
            whole = bytes(piece[: int(min(left, len(piece)))])
            send(whole)
            self.sent += len(whole)
            left -= len(piece)
            if left <= 0:
                return
            if fault.rate:
                time.sleep(len(piece) / fault.rate)


@contextlib.contextmanager
def proxied(upstream: int) -> Iterator[tuple[Proxy, str]]:
    """Start a proxy for a server; give it, and its URL."""
    proxy = Proxy(upstream)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                request += line
            with contextlib.suppress(OSError):
                proxy.answer(request, self.request.sendall)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nntc.delivery import pull
from nntc.delivery.serving import serving

from tests.delivery.conftest import QUICK, World

Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Return a function that asks a server for a folder that has a file `a/b.bin` of 100,000 bytes."""
    (tmp_path / "served" / "a").mkdir(parents=True)
    (tmp_path / "served" / "a" / "b.bin").write_bytes(bytes(range(250)) * 400)
    (tmp_path / "served" / ".hidden").touch()
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "served" / "link").symlink_to(tmp_path / "secret")
    with serving(tmp_path / "served") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)

        def request(
            path: str = "/a/b.bin", method: str = "GET", **headers: str
        ) -> tuple[int, dict[str, str], bytes]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=named)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), answer.read()

        yield request
        connection.close()
        server.shutdown()
        thread.join()


DATA = bytes(range(250)) * 400


def test_files(ask: Ask) -> None:
    status, headers, body = ask()
    assert (status, body, headers["Content-Length"], headers["Accept-Ranges"]) == (
        200,
        DATA,
        "100000",
        "bytes",
    )
    status, headers, body = ask(method="HEAD")
    assert (status, body, headers["Content-Length"]) == (200, b"", "100000")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("0-0", 0, 1), ("5-9", 5, 10), ("99990-", 99_990, 100_000), ("-7", 99_993, 100_000),
     ("5-200000", 5, 100_000), ("-200000", 0, 100_000)],
)  # fmt: skip
def test_ranges(ask: Ask, asked: str, start: int, end: int) -> None:
    status, headers, body = ask(Range=f"bytes={asked}")
    assert (status, body) == (206, DATA[start:end])
    assert headers["Content-Range"] == f"bytes {start}-{end - 1}/100000"


def test_ranges_that_are_none(ask: Ask) -> None:
    for asked in ("bytes=9-5", "bytes=1-2,5-6", "bytes=-", "lines=1-2", "bytes=a-b"):
        assert ask(Range=asked)[::2] == (200, DATA)
    status, headers, _ = ask(Range="bytes=100000-")
    assert (status, headers["Content-Range"]) == (416, "bytes */100000")


def test_marks(ask: Ask) -> None:
    mark = ask()[1]["ETag"]
    assert ask(If_None_Match=mark)[::2] == (304, b"")
    assert ask(Range="bytes=1-2", If_Range=mark)[0] == 206
    assert ask(Range="bytes=1-2", If_Range='"other"')[::2] == (200, DATA)


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/c", "/.hidden", "/link", "/../secret", "/a/%2e%2e/%2e%2e/secret",
             "/a//b.bin", "/%00", "/a%5cb.bin"],
)  # fmt: skip
def test_what_is_not_served(ask: Ask, path: str) -> None:
    status, _, body = ask(path)
    assert (status, body) == (404, b"")


def test_pages(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "served" / "index.html").write_text("front")
    (tmp_path / "served" / "a" / "index.html").write_text("page")
    (tmp_path / "served" / "a" / "code.JS").write_text("code")
    for path, kind, body in (
        ("/", "text/html; charset=utf-8", b"front"),
        ("/a/?x=1", "text/html; charset=utf-8", b"page"),
        ("/a/code.JS", "text/javascript; charset=utf-8", b"code"),
        ("/a/b.bin", "application/octet-stream", DATA),
    ):
        status, headers, found = ask(path)
        assert (status, headers["Content-Type"], found) == (200, kind, body)
    assert ask("/a//")[0] == 404


def test_a_device_pulls_from_it(world: World) -> None:
    world.publish("1.0")
    with serving(world.repository) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert pull(url, world.device, name="net", network=QUICK).is_new
        server.shutdown()
        thread.join()
    assert world.used == world.source(0)

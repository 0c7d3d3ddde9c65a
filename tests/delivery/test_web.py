from __future__ import annotations

import socket
import ssl

import pytest
import urllib3
from nntc.delivery import Network
from nntc.delivery.web import PassingError, StatusError, Web, in_words, shown

from tests.delivery.conftest import QUICK, World
from tests.delivery.server import Behaviour, cut, endless, serve, status, zipped

NAME = "targets/a"


@pytest.fixture
def world(world: World) -> World:
    path = world.repository / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(100_000))
    return world


def get(world: World, url: str = "", **headers: str) -> bytes:
    web = Web(QUICK)
    try:
        with web.get(url or f"{world.server.url}/{NAME}", headers) as answer:
            return b"".join(answer.pieces())
    finally:
        web.close()


def test_a_body_comes_in_pieces(world: World) -> None:
    web = Web(QUICK)
    with web.get(f"{world.server.url}/{NAME}", {"Range": "bytes=1-70000"}) as answer:
        pieces = list(answer.pieces())
    assert sum(map(len, pieces)) == 70_000
    assert max(map(len, pieces)) <= 1 << 16
    assert answer.status == 206
    headers = world.server.targets[0]
    assert headers["accept-encoding"] == "identity"
    assert headers["user-agent"] == "nntc"
    web.close()


@pytest.mark.parametrize(
    ("behaviour", "wanted"),
    [(cut(1000), "the connection ended early"), (status(503), "status 503"), (status(429), "status 429")],
)
def test_what_may_pass(world: World, behaviour: Behaviour, wanted: str) -> None:
    world.server.script = [behaviour]
    with pytest.raises(PassingError, match=wanted):
        get(world)
    assert len(get(world)) == 100_000


@pytest.mark.parametrize("code", [401, 403, 404, 410, 500 + 11])
def test_what_will_not_change(world: World, code: int) -> None:
    world.server.script = [status(code)]
    with pytest.raises(StatusError, match=f"E_SOURCE: .*: status {code}"):
        get(world)


def test_a_server_that_asks_to_be_left_alone(world: World) -> None:
    for asked, wanted in (("7", 7.0), ("Sun, 06 Nov 1994 08:49:37 GMT", None), ("-1", 0.0)):
        world.server.script = [status(503, Retry_After=asked)]
        with pytest.raises(PassingError) as caught:
            get(world)
        assert caught.value.pause == wanted


def test_compressed_bodies_are_decompressed(world: World) -> None:
    world.server.script = [zipped]
    assert get(world) == bytes(100_000)


def test_a_body_without_end_is_left(world: World) -> None:
    world.server.script = [endless]
    web = Web(QUICK)
    with web.get(f"{world.server.url}/{NAME}", {}) as answer:
        assert next(answer.pieces())
    web.close()


def test_a_dribble_is_too_slow(world: World) -> None:
    web = Web(Network(min_rate=1e12, window=1e-9))
    with (
        web.get(f"{world.server.url}/{NAME}", {}) as answer,
        pytest.raises(PassingError, match="bytes come in"),
    ):
        list(answer.pieces())
    web.close()


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a"
        web = Web(QUICK)
        with pytest.raises(PassingError, match=r"127.0.0.1.*refused"), web.get(url, {}):
            pass


def test_what_is_no_url() -> None:
    for url in ("http://", "http:///a"):
        with pytest.raises((StatusError, PassingError)), Web(QUICK).get(url, {}):
            pass


def test_user_name_and_password_are_sent_and_not_shown(world: World) -> None:
    url = f"{world.server.url}/{NAME}".replace("//", "//me:se%20cret@")
    assert len(get(world, url)) == 100_000
    assert world.server.targets[0]["authorization"] == "Basic bWU6c2UgY3JldA=="
    assert "cret" not in shown(url)
    world.server.script = [status(404)]
    with pytest.raises(StatusError) as caught:
        get(world, url)
    assert "cret" not in str(caught.value)


def test_proxies_are_those_of_the_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = world.server.url.removesuffix("/repository")
    monkeypatch.setenv("http_proxy", proxy.replace("//", "//me:secret@"))
    monkeypatch.setenv("no_proxy", "")
    web = Web(QUICK)
    world.server.script = [serve]
    with pytest.raises(StatusError, match="status 404"), web.get("http://models.example/targets/x", {}):
        pass
    path, headers = world.server.requests[0]
    assert path == "http://models.example/targets/x"
    assert headers["proxy-authorization"].startswith("Basic ")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert len(get(world)) == 100_000


def test_reasons_in_words() -> None:
    certificate = ssl.SSLCertVerificationError("x")
    certificate.verify_message = "self-signed certificate"
    assert in_words(certificate) == "certificate is not trusted: self-signed certificate"
    assert in_words(TimeoutError()) == "no answer in time"
    assert in_words(urllib3.exceptions.DecodeError("x")) == "the answer is compressed, and damaged"
    assert in_words(ValueError()) == "ValueError"

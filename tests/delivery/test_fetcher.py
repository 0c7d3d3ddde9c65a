from __future__ import annotations

import pytest
from nntc.delivery.fetcher import MetadataFetcher
from nntc.delivery.web import Web
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError

from tests.delivery.conftest import QUICK, World
from tests.delivery.server import Behaviour, cut, endless, page, status


@pytest.fixture
def fetcher(world: World) -> MetadataFetcher:
    path = world.repository / "targets" / "1.root.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"a": 1}')
    return MetadataFetcher(Web(QUICK))


def url(world: World, name: str = "1.root.json") -> str:
    return f"{world.server.url}/targets/{name}"


@pytest.mark.parametrize("fault", [cut(3), status(503), page])
def test_faults_that_pass(world: World, fetcher: MetadataFetcher, fault: Behaviour) -> None:
    world.server.script = [fault, fault]
    assert fetcher.download_bytes(url(world), 10_000) == b'{"a": 1}'
    assert len(world.server.targets) == 3


def test_faults_that_stay(world: World, fetcher: MetadataFetcher) -> None:
    world.server.otherwise = page
    with pytest.raises(DownloadError, match="not metadata but a web page"):
        fetcher.download_bytes(url(world), 10_000)
    assert len(world.server.targets) == QUICK.attempts


def test_what_is_not_there(world: World, fetcher: MetadataFetcher) -> None:
    with pytest.raises(DownloadHTTPError) as caught:
        fetcher.download_bytes(url(world, "2.root.json"), 8)
    assert caught.value.status_code == 404
    assert len(world.server.targets) == 1


def test_data_without_end(world: World, fetcher: MetadataFetcher) -> None:
    world.server.otherwise = endless
    with pytest.raises(DownloadLengthMismatchError, match="more than 8 bytes"):
        fetcher.download_bytes(url(world), 8)

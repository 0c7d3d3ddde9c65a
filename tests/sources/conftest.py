from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sources.server import Web, serving


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again without a pause where a server fails, and no proxy."""
    monkeypatch.setattr("nntc.sources.http._PAUSES", (0.0, 0.0))
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def web() -> Iterator[Web]:
    """Return a server on this machine."""
    with serving() as server:
        server.data = bytes(range(256)) * 1000
        yield server

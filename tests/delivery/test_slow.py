"""Servers that are slow, or send nothing at all: how long a pull goes on, and what it says then."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from nntc.delivery import Network
from nntc.errors import NntcError

from tests.delivery.conftest import TUNED, World
from tests.delivery.server import Behaviour, Handler

IMPATIENT = Network(timeout=0.2, pause=0.001, longest_pause=0.01, attempts=3)
RATE = 10_000
"""Bytes in a second."""


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when a test ends: so long servers say nothing."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def updated(world: World, over: threading.Event) -> World:
    """A device that has version 1.0 where 1.1 is new, to be fetched as an update."""
    world.publish("1.0", 0)
    world.pull()
    world.new = TUNED
    assert world.publish("1.1", world.new).update is not None
    world.server.requests.clear()
    assert not over.is_set()
    return world


def refused(world: World) -> NntcError:
    """Pull; it ends with an error, and the device has the old version."""
    with pytest.raises(NntcError) as caught:
        world.pull(network=IMPATIENT)
    assert world.used == world.source(0)
    return caught.value


def finished(world: World) -> None:
    """Pull from a server that is well again."""
    world.server.script = []
    world.pull()
    assert world.used == world.source(world.new)


def test_a_server_that_sends_nothing_is_left_after_some_attempts(
    updated: World, over: threading.Event
) -> None:
    updated.server.script = [silent_after(None, over)] * 99
    error = refused(updated)
    assert error.id == "E_SOURCE"
    assert "no answer in time" in str(error)
    paths = [path for path, _ in updated.server.requests if "/targets/" in path]
    assert paths  # the update and then, in its place, the full file: each some times
    assert all(paths.count(path) == IMPATIENT.attempts for path in paths)
    finished(updated)


def test_metadata_that_do_not_come_are_left_after_some_attempts(
    updated: World, over: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(updated.server, "metadata", silent_after(None, over))
    error = refused(updated)
    assert error.id == "E_SOURCE"
    assert "no answer in time" in str(error)
    asked = [path.rpartition("/")[2] for path, _ in updated.server.requests]
    assert asked == ["2.root.json", *["timestamp.json"] * IMPATIENT.attempts]
    monkeypatch.undo()
    finished(updated)


def test_what_came_before_a_server_fell_silent_is_not_fetched_again(
    updated: World, over: threading.Event
) -> None:
    updated.server.otherwise, well = silent_after(2000, over), updated.server.otherwise
    assert refused(updated).id == "E_SOURCE"
    updated.server.otherwise = well
    updated.server.requests.clear()
    finished(updated)
    (headers,) = updated.server.targets
    assert int(headers["range"].removeprefix("bytes=").partition("-")[0]) > 0


def test_ten_kilobytes_in_a_second_are_enough(updated: World) -> None:
    updated.server.otherwise = slowly
    updated.pull()
    assert updated.used == updated.source(updated.new)
    assert len(updated.server.targets) == 1


def test_a_trickle_is_left_after_some_attempts(updated: World) -> None:
    """Every attempt brings a little, and is too slow: less than anything that counts as progress."""
    updated.server.otherwise = trickle
    with pytest.raises(NntcError, match="bytes come in a second") as caught:
        updated.pull(network=Network(min_rate=1e9, window=0.001, pause=0.001, longest_pause=0.01, attempts=3))
    assert caught.value.id == "E_SOURCE"
    assert updated.used == updated.source(0)
    updated.server.otherwise = slowly
    finished(updated)


def silent_after(count: int | None, over: threading.Event) -> Behaviour:
    """Return a behaviour: so many bytes, or no answer at all, and then none while the connection stays."""

    def behave(handler: Handler, data: bytes) -> None:
        if count is not None:
            handler.wfile.write(handler.begin(data, ETag='"a"')[:count])
            handler.wfile.flush()
        over.wait()

    return behave


def slowly(handler: Handler, data: bytes) -> None:
    """Send what is asked for at that rate."""
    body, piece = handler.begin(data, ETag='"a"'), 500
    for at in range(0, len(body), piece):
        handler.wfile.write(body[at : at + piece])
        time.sleep(piece / RATE)


def trickle(handler: Handler, data: bytes) -> None:
    """Send ten bytes, a moment apart."""
    for byte in handler.begin(data, ETag='"a"')[:10]:
        handler.wfile.write(bytes([byte]))
        time.sleep(0.005)

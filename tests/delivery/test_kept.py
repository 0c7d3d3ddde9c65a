"""Versions that are left out, and the updates that go with them."""

from __future__ import annotations

from nntc.delivery import withdraw
from nntc.delivery.keys import Keys
from nntc.delivery.repository import Repository

from tests.delivery.conftest import TUNED, World


def paths(world: World) -> list[str]:
    repository = Repository(world.repository, Keys(world.keys))
    with repository.claim():
        return sorted(release.path.removeprefix("net/stable/") for release in repository.releases)


def test_updates_go_with_what_they_need(world: World) -> None:
    for number in range(4):
        world.publish(f"1.{number}", number * TUNED)
    assert paths(world) == ["1.1.nntc", "1.2.nntc", "1.2/from-1.1.nntc", "1.3.nntc", "1.3/from-1.2.nntc"]
    assert world.publish("1.4", 4 * TUNED, keep=2).removed == ("1.1", "1.2")
    assert paths(world) == ["1.3.nntc", "1.4.nntc", "1.4/from-1.3.nntc"]
    withdraw(world.repository, world.keys, name="net", version="1.3")
    assert paths(world) == ["1.4.nntc"]


def test_an_update_stays_where_another_version_is_the_same(world: World) -> None:
    world.publish("1.0", 0)
    world.publish("1.1", TUNED)
    world.publish("0.1", 0, channel="beta")
    withdraw(world.repository, world.keys, name="net", version="1.0")
    assert "1.1/from-1.0.nntc" in paths(world)


def test_the_newest_version_is_what_updates_are_made_from(world: World) -> None:
    for number in range(2):
        world.publish(f"1.{number}", number * TUNED)
    withdraw(world.repository, world.keys, name="net", version="1.1")
    update = world.publish("1.2", 2 * TUNED).update
    assert update is not None
    assert update.path == "net/stable/1.2/from-1.0.nntc"

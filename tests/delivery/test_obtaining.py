"""Versions obtained by updates: alone, in chains, after cuts, and where they do not do."""

from __future__ import annotations

import shutil
from dataclasses import replace

import nntc
import pytest
from nntc.delivery import rollback
from nntc.delivery.describing import as_update, describe
from nntc.delivery.keys import Keys
from nntc.delivery.release import Release
from nntc.delivery.repository import Repository
from nntc.delivery.trust import target_name
from nntc.errors import SourceError

from tests.delivery.conftest import TUNED, World, model
from tests.delivery.server import cut, status


def add_update(world: World, base: Release, full: Release, data: bytes) -> Release:
    """Add a target file that claims to be an update, small enough to be taken first."""
    path = world.folder / "update.nntc"
    path.write_bytes(data)
    made = describe(path, "net", full.version, "stable")
    update = replace(as_update(made, full, base), base=tuple(output.id for output in base.decoded))
    repository = Repository(world.repository, Keys(world.keys))
    with repository.claim():
        place = repository.files / target_name(update)
        place.parent.mkdir()
        shutil.copy(path, place)
        repository.add(update)
        repository.put({}, with_targets=True)
    return update


def test_an_update_that_does_not_do_is_left_for_the_full_file(world: World) -> None:
    base = world.publish("1.0", 0).release
    world.pull()
    other, older = (model(world.folder / f"other{seed}.onnx", seed) for seed in (3 + TUNED, 3))
    data = nntc.encode_bytes(other, method="lossless", base=older)[0]  # of another base
    full = world.publish("1.1", 1).release
    add_update(world, base, full, data)
    found = world.pull()
    assert (found.kind, found.files, found.installed.version) == ("full", (full.path,), "1.1")
    assert found.transfer.requests == 2
    assert world.used == world.source(1)


def test_an_update_of_what_is_there_is_fetched(world: World) -> None:
    world.publish("1.0", 0)
    world.pull()
    published = world.publish("1.1", TUNED)
    assert published.update is not None
    found = world.pull()
    assert (found.kind, found.files) == ("update", (published.update.path,))
    assert found.transfer.received == published.update.file.length < published.release.file.length
    assert world.used == world.source(TUNED)
    assert rollback(world.device).version == "1.0"
    world.publish("1.2", 2 * TUNED)
    assert world.pull().kind == "chain"
    assert world.used == world.source(2 * TUNED)


def test_a_device_of_two_versions_ago_takes_a_chain(world: World) -> None:
    world.publish("1.0", 0)
    world.pull()
    updates = [world.publish(f"1.{number}", number * TUNED).update for number in (1, 2)]
    found = world.pull()
    assert found.kind == "chain"
    assert found.files == tuple(update.path for update in updates if update is not None)
    assert world.used == world.source(2 * TUNED)
    shutil.rmtree(world.device)
    assert world.pull().kind == "full"
    assert world.used == world.source(2 * TUNED)


def test_lossy_versions_are_what_their_updates_give(world: World) -> None:
    lossy = {"method": "auto", "quality": 20}
    world.publish("1.0", 0, **lossy)
    world.pull()
    path = model(world.folder / "exact.onnx", 0)
    published = world.publish("1.1", TUNED, base_exact=path, **lossy)
    assert published.update is not None
    assert world.pull().kind == "update"
    by_update = world.used
    shutil.rmtree(world.device)
    assert world.pull().kind == "full"
    assert world.used == by_update


def test_an_update_is_fetched_further_after_a_cut(world: World) -> None:
    world.publish("1.0", 0)
    world.pull()
    update = world.publish("1.1", TUNED).update
    assert update is not None
    at = update.file.length // 2
    world.server.script = [cut(at), status(404), status(404)]
    with pytest.raises(SourceError):
        world.pull()
    assert world.used == world.source(0)
    found = world.pull()
    assert (found.kind, found.transfer.fetched_before) == ("update", at)
    assert world.used == world.source(TUNED)

"""Attacks on metadata, as the specification of TUF lists them: whoever has the server has no keys."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from nntc.delivery import metadata as publisher
from nntc.delivery import publish, refresh
from nntc.errors import DeliveryError, NntcError, SourceError

from tests.delivery.conftest import World, model
from tests.delivery.server import changed, endless, page, status


class Copies:
    """What the server had at earlier times."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.copies: list[Path] = []

    def keep(self) -> None:
        copy = self.world.folder / f"copy{len(self.copies)}"
        shutil.copytree(self.world.repository / "metadata", copy)
        self.copies.append(copy)

    def put(self, number: int, *names: str) -> None:
        """Have the server show files of an earlier time, all or those named."""
        for path in self.copies[number].iterdir():
            if not names or path.name in names:
                shutil.copy(path, self.world.repository / "metadata")


@pytest.fixture
def copies(world: World) -> Copies:
    """Two versions; the device has the second."""
    found = Copies(world)
    for number in range(2):
        world.publish(f"1.{number}", number)
        found.keep()
    assert world.pull().installed.version == "1.1"
    return found


def refused(world: World, match: str, kind: type[NntcError] = DeliveryError) -> None:
    """Check that nothing changes on the device, and that the next honest answer is taken."""
    before = world.used
    with pytest.raises(kind, match=match):
        world.pull()
    assert world.used == before


def test_rollback_by_an_old_timestamp(world: World, copies: Copies) -> None:
    copies.put(0)
    refused(world, "E_TRUST.*(version|older)")
    copies.put(1)
    assert not world.pull().is_new


def test_rollback_after_the_devices_copies_were_lost(world: World, copies: Copies) -> None:
    """As by a loss of power: an empty file where the last timestamp was."""
    for name in ("timestamp.json", "snapshot.json", "targets.json"):
        (world.device / ".nntc" / "metadata" / name).write_bytes(b"")
    copies.put(0)
    refused(world, "E_TRUST: (timestamp|snapshot|targets) metadata are older")
    copies.put(1)
    assert not world.pull().is_new


@pytest.mark.usefixtures("copies")
def test_freeze(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker shows what was true, until it expires."""
    later = datetime.now(UTC) + timedelta(days=15)
    clock = SimpleNamespace(datetime=SimpleNamespace(now=lambda _: later), timezone=timezone)
    monkeypatch.setattr("tuf.ngclient._internal.trusted_metadata_set.datetime", clock)
    refused(world, "E_TRUST: metadata have expired.*clock")


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_expired_metadata(world: World, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    world.publish("1.0")
    world.pull()
    with monkeypatch.context() as patch:
        patch.setattr(publisher, "_after", lambda _: datetime(2020, 1, 1, tzinfo=UTC))
        refresh(world.repository, world.keys, days={role: 1})
    refused(world, "E_TRUST: metadata have expired")


def test_mix_and_match(world: World, copies: Copies) -> None:
    world.publish("1.2", 2)
    for name in ("3.snapshot.json", "3.targets.json"):
        target = world.repository / "metadata" / name.replace("3.", "4.")
        honest = target.read_bytes()
        shutil.copy(copies.copies[1] / name, target)
        refused(world, "E_TRUST")
        target.write_bytes(honest)
    assert world.pull().installed.version == "1.2"


@pytest.mark.usefixtures("copies")
def test_wrong_keys(world: World) -> None:
    """A repository of somebody else with higher versions in the place of this one."""
    other = world.folder / "other"
    for _ in range(9):
        publisher_keys = world.folder / "other-keys"
        path = model(world.folder / "evil.onnx", 9)
        publish(other, path, name="net", version="6.6", keys=publisher_keys, method="lossless")
    shutil.copytree(other, world.repository, dirs_exist_ok=True)
    refused(world, "E_TRUST.*(signed|signature)")


@pytest.mark.usefixtures("copies")
def test_a_root_of_somebody_else(world: World) -> None:
    path = model(world.folder / "evil.onnx", 9)
    publish(
        world.folder / "other", path, name="net", version="6.6", keys=world.folder / "k", method="lossless"
    )
    refresh(world.folder / "other", world.folder / "k", new_key="root")
    shutil.copy(world.folder / "other" / "metadata" / "2.root.json", world.repository / "metadata")
    refused(world, "E_TRUST")


def forge(text: bytes) -> Callable[[bytes], bytes]:
    """Return a change of metadata that keeps their form."""

    def change(data: bytes) -> bytes:
        found = json.loads(data)
        found["signed"]["x"] = text.decode()
        return json.dumps(found).encode()

    return change


@pytest.mark.usefixtures("copies")
def test_metadata_that_were_changed(world: World) -> None:
    world.publish("1.2", 2)
    for change in (
        forge(b"y"),
        lambda _: b"{}",
        lambda _: b'{"signed": {}, "signatures": []}',
        lambda _: b"{" * 99,
    ):
        world.server.metadata = changed(change)
        refused(world, "E_TRUST")
    world.server.metadata = changed(lambda data: data)
    assert world.pull().installed.version == "1.2"


@pytest.mark.usefixtures("copies")
def test_endless_metadata(world: World) -> None:
    world.server.metadata = endless
    refused(world, "E_TRUST.*more than")


@pytest.mark.usefixtures("copies")
def test_a_server_that_fails(world: World) -> None:
    for behaviour in (page, status(503), status(404)):
        world.server.metadata = behaviour
        refused(world, "E_SOURCE", SourceError)


def test_trust_on_first_use_is_said(world: World) -> None:
    root = world.publish("1.0").root.read_bytes()
    assert world.pull().trusted_root == hashlib.sha256(root).hexdigest()
    assert world.pull().trusted_root is None


def test_a_root_that_was_handed_over_comes_first(world: World) -> None:
    world.publish("1.0")
    path = model(world.folder / "evil.onnx", 9)
    publish(
        world.folder / "other", path, name="net", version="6.6", keys=world.folder / "k", method="lossless"
    )
    with pytest.raises(DeliveryError, match="E_TRUST"):
        world.pull(root=world.folder / "k" / "root.json")
    assert world.used is None
    assert world.pull(root=world.keys / "root.json").trusted_root is None
    with pytest.raises(DeliveryError, match="E_TRUST"):
        world.pull(root=b"nothing")


def test_first_use_of_what_is_no_root_is_not_kept(world: World) -> None:
    world.publish("1.0")
    world.server.metadata = changed(forge(b"y"))
    with pytest.raises(DeliveryError, match="E_TRUST"):
        world.pull()
    world.server.metadata = changed(lambda data: data)
    assert world.pull().is_new


@pytest.mark.usefixtures("copies")
def test_an_attack_with_high_versions_ends_with_new_keys(world: World) -> None:
    """Whoever had the timestamp's key for a while has made versions that the publisher never reaches."""
    seen = world.device / ".nntc" / "seen.json"
    before = json.loads(seen.read_text())
    seen.write_text(json.dumps({**before, "timestamp": 10**6}))
    refused(world, "E_TRUST: timestamp metadata are older")
    refresh(world.repository, world.keys, new_key="timestamp")
    assert not world.pull().is_new

from __future__ import annotations

import os
import shutil
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest
from nntc.delivery import current, obtaining, publishing, pull, rollback
from nntc.delivery.describing import describe
from nntc.delivery.plan import Plan
from nntc.delivery.release import Release
from nntc.errors import DeliveryError, FormatError, LimitError, OutputError, SourceError
from nntc.limits import Limits
from nntc.progress import Phase, ProgressEvent

from tests.delivery.conftest import QUICK, World
from tests.delivery.server import cut, status

Usage = namedtuple("Usage", "total used free")


def test_a_version_after_the_other(world: World) -> None:
    world.publish("1.0", 0)
    first = world.pull()
    assert (first.is_new, first.kind, first.before, first.installed.version) == (True, "full", None, "1.0")
    assert world.used == world.source(0)
    assert world.pull().kind == "none"
    world.publish("1.1", 1)
    second = world.pull()
    assert (second.is_new, second.before, second.installed.version) == (True, "1.0", "1.1")
    assert world.used == world.source(1)
    assert not list((world.device / ".nntc" / "parts").iterdir())
    assert rollback(world.device).version == "1.0"
    assert world.used == world.source(0)


def test_a_new_name_for_the_same_model_fetches_nothing(world: World) -> None:
    world.publish("1.0")
    world.pull()
    world.publish("1.1")
    found = world.pull()
    assert (found.is_new, found.kind, found.installed.version) == (False, "none", "1.1")
    installed = current(world.device)
    assert installed is not None
    assert (installed.version, installed.serial) == ("1.1", 2)


def test_going_back_to_a_version_that_is_there_fetches_nothing(world: World) -> None:
    for number in range(2):
        world.publish(f"1.{number}", number)
        world.pull()
    world.publish("1.2", 0)
    found = world.pull()
    assert (found.is_new, found.kind, found.transfer.requests) == (True, "none", 0)
    assert world.used == world.source(0)


def test_a_damaged_version_in_use_is_fetched_again(world: World) -> None:
    world.publish("1.0")
    model = world.pull().installed.model
    model.write_bytes(b"damaged")
    assert world.pull().kind == "full"
    assert world.used == world.source(0)


def test_channels(world: World) -> None:
    world.publish("1.0", 0)
    world.publish("2.0", 1, channel="beta")
    assert world.pull().installed.version == "1.0"
    assert world.pull(channel="beta").installed.version == "2.0"
    with pytest.raises(DeliveryError, match="E_RELEASE: 'net' has no channel 'alpha' but beta, stable"):
        world.pull(channel="alpha")
    with pytest.raises(DeliveryError, match="E_RELEASE: the repository has no 'other' but net"):
        world.pull(name="other")


def test_a_check_may_refuse(world: World) -> None:
    world.publish("1.0", 0)
    seen: list[bytes] = []

    def accept(path: Path) -> bool:
        seen.append(path.read_bytes())
        return False

    with pytest.raises(DeliveryError, match=r"E_REFUSED.*stays in use"):
        world.pull(check=accept)
    assert (world.used, seen) == (None, [world.source(0)])
    assert world.pull(again=True).is_new
    world.publish("1.1", 1)
    with pytest.raises(DeliveryError, match=r"E_REFUSED: net 1\.1: the check ended with exit code 1; "):
        world.pull(check=f"'{sys.executable}' -c 'exit(1)' {{model}}")
    assert world.used == world.source(0)
    requests = len(world.server.targets)
    with pytest.raises(DeliveryError, match=r"E_REFUSED.*was refused here before"):
        world.pull()
    assert len(world.server.targets) == requests
    world.publish("1.2", 2)
    assert world.pull(check=f"'{sys.executable}' -c 'exit(0)' {{model}}").is_new
    assert world.used == world.source(2)
    with pytest.raises(ValueError, match=r"names no {model}"):
        world.pull(check="run")


def test_a_check_that_cannot_be_run_refuses_nothing(world: World) -> None:
    world.publish("1.0", 0)
    with pytest.raises(DeliveryError, match="E_CHECK"):
        world.pull(check="no-such-command {model}")
    found = world.pull()
    assert (found.is_new, found.transfer.requests) == (True, 0)


def test_a_version_that_was_gone_back_from_comes_back_only_when_asked_for(world: World) -> None:
    for number in range(2):
        world.publish(f"1.{number}", number)
        world.pull()
    rollback(world.device)
    with pytest.raises(DeliveryError, match="E_REFUSED"):
        world.pull()
    assert world.used == world.source(0)
    assert world.pull(again=True).installed.version == "1.1"


def test_what_it_takes_is_said_before_it_begins(world: World) -> None:
    release = world.publish("1.0").release
    plans: list[Plan] = []
    world.server.otherwise = status(404)
    with pytest.raises(SourceError):
        world.pull(started=plans.append)
    assert [plan.missing for plan in plans] == [release.file.length] * 2  # once more with new metadata
    assert plans[0].disk == release.file.length + release.decoded_size
    assert plans[0].memory == release.memory


def test_a_dry_run_fetches_nothing(world: World) -> None:
    world.publish("1.0")
    found = world.pull(dry_run=True)
    assert (found.installed.version, found.kind, found.is_new) == ("1.0", "full", True)
    assert (world.used, world.server.targets) == (None, [])
    world.pull()
    world.publish("1.1")
    assert world.pull(dry_run=True).installed.version == "1.1"
    installed = current(world.device)
    assert installed is not None
    assert installed.version == "1.0"


def test_no_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    release = world.publish("1.0").release
    needed = release.file.length + release.decoded_size + (1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, needed - 1))
    with pytest.raises(DeliveryError, match=f"E_SPACE: {needed:,} bytes of disk are needed"):
        world.pull()
    assert not world.server.targets
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, needed))
    assert world.pull().is_new


def test_limits(world: World) -> None:
    release = world.publish("1.0").release
    for limits in (Limits.of(memory=release.memory - 1), Limits.of(output=release.decoded_size - 1)):
        with pytest.raises(LimitError, match="E_LIMIT"):
            world.pull(limits=limits)
    assert not world.server.targets
    assert world.pull(limits=Limits.of(memory=release.memory, output=release.decoded_size)).is_new


def test_a_file_that_has_just_been_removed(world: World) -> None:
    world.publish("1.0", 0)
    world.server.script = [status(404)]
    assert world.pull().is_new
    world.publish("1.1", 1)
    world.server.otherwise = status(404)
    with pytest.raises(SourceError, match="status 404"):
        world.pull()
    assert world.used == world.source(0)


def test_progress_and_faults(world: World) -> None:
    world.publish("1.0")
    world.server.script = [cut(20_000)]
    seen: list[ProgressEvent] = []
    found = world.pull(progress=seen.append)
    assert seen[0].phase == Phase.DOWNLOADING
    assert seen[-1].phase == Phase.DECODING
    assert (found.transfer.requests, sum(found.transfer.faults.values())) == (2, 1)


def test_a_place_that_cannot_be_written(world: World) -> None:
    world.publish("1.0")
    world.device.touch()
    with pytest.raises(OutputError, match="E_OUTPUT"):
        world.pull()


def test_what_decodes_to_something_else_than_was_signed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A publisher whose description is wrong; the device keeps what it has."""
    world.publish("1.0", 0)
    world.pull()

    def wrong(*words: object) -> Release:
        release = describe(*words)  # type: ignore[arg-type]
        output = release.decoded[0]
        return replace(release, decoded=(replace(output, id=replace(output.id, sha256="0" * 64)),))

    monkeypatch.setattr(publishing, "describe", wrong)
    world.publish("1.1", 1)
    with pytest.raises(DeliveryError, match=r"E_TRUST.*decodes to something else"):
        world.pull()
    assert world.used == world.source(0)


def test_a_full_file_that_cannot_be_decoded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish("1.0")

    def apply(*_: object, **__: object) -> None:
        raise FormatError("E_CRC", "damaged", 0)

    monkeypatch.setattr(obtaining, "apply", apply)
    with pytest.raises(FormatError, match="E_CRC"):
        world.pull()


def test_two_at_once(world: World) -> None:
    world.publish("1.0")
    busy: list[str] = []

    def second(_: Plan) -> None:
        with pytest.raises(OutputError) as caught:
            pull(world.server.url, world.device, name="net", network=QUICK)
        busy.append(caught.value.id)

    assert world.pull(started=second).is_new
    assert os.name == "nt" or busy == ["E_OUTPUT_BUSY"]

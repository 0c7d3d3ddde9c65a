from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nntc
import pytest
from nntc.delivery import publish, refresh, withdraw
from nntc.delivery.durable import file_id
from nntc.errors import DeliveryError

from tests.delivery.conftest import World, model


def test_what_is_published(world: World) -> None:
    published = world.publish("1.0")
    release = published.release
    assert published.is_new
    assert published.removed == ()
    assert published.root == world.keys / "root.json"
    assert (release.path, release.serial, release.base) == ("net/stable/1.0.nntc", 1, ())
    assert [output.name for output in release.decoded] == ["net.onnx"]
    assert release.decoded[0].id == file_id(world.folder / "model0.onnx")
    place = world.repository / "targets" / "net" / "stable" / f"{release.file.sha256}.1.0.nntc"
    assert file_id(place) == release.file
    with nntc.open(place) as container:
        assert release.memory == container.memory_bound
        assert release.head.length == container.sections[0].offset
    assert nntc.decode_bytes(place)[None] == world.source(0)
    assert not list((world.repository / "targets").rglob(".nntc-*"))


def test_external_data_are_part_of_a_release(world: World) -> None:
    path = model(world.folder / "big.onnx", external=True)
    found = publish(
        world.repository, path, name="net", version="1", keys=world.keys, method="lossless"
    ).release
    assert [output.name for output in found.decoded] == ["net.onnx", "big.bin"]
    assert world.pull().installed.files[1].read_bytes() == (world.folder / "big.bin").read_bytes()


def test_the_same_once_more_changes_nothing_but_the_time(world: World) -> None:
    world.publish("1.0")
    again = world.publish("1.0")
    assert not again.is_new
    assert again.release.serial == 1
    with pytest.raises(DeliveryError, match=r"E_RELEASE: net 1.0 is there already, and is another"):
        world.publish("1.0", 1)
    assert world.publish("1.0", 1, channel="beta").release.serial == 2


def test_older_versions_are_left_out(world: World) -> None:
    for number in range(3):
        assert world.publish(f"1.{number}", number).removed == ()
    world.publish("2.0", 4, channel="beta")
    assert world.publish("1.3", 3).removed == ("1.0",)
    assert world.publish("1.4", 4, keep=1).removed == ("1.1", "1.2", "1.3")


def test_a_version_is_withdrawn(world: World) -> None:
    for number in range(2):
        world.publish(f"1.{number}", number)
    world.pull()
    withdraw(world.repository, world.keys, name="net", version="1.1")
    assert world.pull().installed.version == "1.0"
    assert world.used == world.source(0)
    with pytest.raises(DeliveryError, match=r"E_RELEASE: 'net' has no version 1.1"):
        withdraw(world.repository, world.keys, name="net", version="1.1")
    assert world.publish("1.2", 2).release.serial == 3


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        ({"name": "a/b"}, "name must be letters"),
        ({"version": ".."}, "version must be letters"),
        ({"channel": ""}, "channel must be letters"),
        ({"keep": 0}, "keep must be"),
        ({"days": {"targets": 0}}, "days of targets must be"),
        ({"days": {"mirror": 1}}, "there is no role 'mirror'"),
        ({"quality": 30}, "quality is for the method auto"),
    ],
)
def test_wrong_usage(world: World, chosen: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        world.publish(**{"version": "1.0", **chosen})
    assert not (world.repository / "metadata").exists()


def test_keys_are_not_published(world: World) -> None:
    for keys in (world.repository / "keys", world.repository):
        with pytest.raises(ValueError, match="outside"):
            world.publish("1.0", keys=keys)
    world.publish("1.0")
    with pytest.raises(ValueError, match="there is no role 'mirror'"):
        refresh(world.repository, world.keys, new_key="mirror")


PUBLISH = """
import sys
from nntc.delivery import publish
publish(sys.argv[1], sys.argv[2], name="net", version=sys.argv[3], keys=sys.argv[4], method="lossless")
"""


def test_two_publishers_at_once(world: World) -> None:
    world.publish("0.9", 0)
    processes = []
    for number in (1, 2):
        path = model(world.folder / f"model{number}.onnx", number)
        words = [world.repository, path, f"1.{number}", world.keys]
        processes.append(subprocess.Popen([sys.executable, "-c", PUBLISH, *map(str, words)], env=os.environ))
    assert [process.wait(120) for process in processes] == [0, 0]
    again = {world.publish(f"1.{number}", number).is_new for number in (1, 2)}
    assert again == {False}
    version = world.pull().installed.version
    assert world.used == world.source(int(version[-1]))


def test_what_a_killed_encoder_leaves_is_removed(world: World) -> None:
    folder = world.repository / "targets" / "net" / ".nntc-abcdefgh"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "model.nntc").touch()
    world.publish("1.0")
    assert not folder.exists()


def test_a_repository_that_was_copied_is_as_good(world: World, tmp_path: Path) -> None:
    world.publish("1.0")
    shutil.move(world.repository, tmp_path / "elsewhere")
    shutil.copytree(tmp_path / "elsewhere", world.repository)
    world.publish("1.1", 1)
    assert world.pull().installed.version == "1.1"

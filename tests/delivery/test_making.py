"""The files of a version: when there is an update, and that all of them decode to the same."""

from __future__ import annotations

from typing import Any

import nntc
import pytest
from nntc.delivery import Published, publish

from tests.delivery.conftest import TUNED, World, model

LOSSY: dict[str, Any] = {"method": "auto", "quality": 20}


def file(world: World, published: Published, *, update: bool = False) -> bytes:
    """Return a published file."""
    release = published.update if update else published.release
    assert release is not None
    folder, _, name = release.path.rpartition("/")
    return (world.repository / "targets" / folder / f"{release.file.sha256}.{name}").read_bytes()


def decoded(world: World, before: Published, now: Published) -> bytes:
    """Return what a version decodes to, the same by its full file and by its update."""
    data = nntc.decode_bytes(file(world, now))[None]
    base = nntc.decode_bytes(file(world, before))[None]
    assert nntc.decode_bytes(file(world, now, update=True), base=base)[None] == data
    return data


@pytest.mark.parametrize("options", [LOSSY, {}])
def test_an_unchanged_model_has_an_update_of_some_hundred_bytes(
    world: World, options: dict[str, Any]
) -> None:
    before = world.publish("1.0", 0, **options)
    now = world.publish("1.1", 0, **options)
    assert now.update is not None
    assert now.update.file.length < 300
    assert now.release.file == before.release.file
    assert now.note.startswith(f"update from 1.0: {now.update.file.length} bytes, ")
    decoded(world, before, now)


def test_a_lossless_version_has_an_exact_update(world: World) -> None:
    before, now = world.publish("1.0", 0), world.publish("1.1", TUNED)
    assert now.update is not None
    assert now.release.fresh is None
    assert now.update.file.length <= 0.8 * now.release.file.length
    assert now.note.endswith("% of the full file")
    assert decoded(world, before, now) == world.source(TUNED)


def test_a_lossy_version_is_what_a_small_update_gives(world: World) -> None:
    path = model(world.folder / "exact.onnx", 0)
    before, now = world.publish("1.0", 0, **LOSSY), world.publish("1.1", TUNED, base_exact=path, **LOSSY)
    fresh = now.release.fresh
    assert fresh is not None
    assert now.update is not None
    assert now.update.file.length <= 0.5 * fresh.length
    assert now.release.file.length <= 1.3 * fresh.length
    assert now.note.endswith("% of a file of its own")
    decoded(world, before, now)
    again = world.publish("1.1", TUNED, **LOSSY)
    assert (again.is_new, again.update, again.note) == (False, None, "")


@pytest.mark.parametrize("options", [LOSSY, {}, {"method": "deep", "prune": 0.5}])
def test_another_model_has_none(world: World, options: dict[str, Any]) -> None:
    world.publish("1.0", 0, **options)
    now = world.publish("1.1", 1, **options)
    assert now.update is None
    assert now.release.fresh is None
    assert now.note.startswith("no update from 1.0: it would have ")


def test_a_better_quality_is_not_that_of_the_base(world: World) -> None:
    path = model(world.folder / "exact.onnx", 0)
    world.publish("1.0", 0, **LOSSY)
    better = {"method": "auto", "quality": 35, "base_exact": path}
    now = world.publish("1.1", TUNED, **better)
    assert now.release.fresh is None
    assert now.report.error < 0.03


def test_updates_are_made_where_they_are_wanted(world: World) -> None:
    assert world.publish("1.0", 0).note == ""
    assert world.publish("1.1", TUNED, updates=False).update is None
    assert world.publish("1.2", 2 * TUNED, keep=1).update is None
    assert world.publish("1.3", 3 * TUNED, channel="beta").update is None


def test_what_is_merged_must_fit_the_device(world: World) -> None:
    path = model(world.folder / "exact.onnx", 0)
    options = {**LOSSY, "device_memory": 1 << 14}
    world.publish("1.0", 0, **options)
    now = world.publish("1.1", TUNED, base_exact=path, **options)
    with nntc.open(file(world, now)) as container:
        assert container.working_memory <= 1 << 14


@pytest.mark.parametrize("options", [LOSSY, {"method": "lossless"}])
def test_external_data_come_by_updates(world: World, options: dict[str, Any]) -> None:
    how = {"name": "net", "keys": world.keys, **options}
    for number in range(2):
        folder = world.folder / str(number)
        folder.mkdir()
        path = model(folder / "net.onnx", number * TUNED, external=True)
        published = publish(world.repository, path, version=f"1.{number}", **how)
        found = world.pull()
    assert published.update is not None
    assert found.kind == "update"
    assert [own.name for own in found.installed.files] == ["net.onnx", "net.bin"]
    if options["method"] == "lossless":
        assert found.installed.files[1].read_bytes() == (folder / "net.bin").read_bytes()

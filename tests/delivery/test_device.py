from __future__ import annotations

from pathlib import Path

import pytest
from nntc.delivery import current, rollback
from nntc.delivery.device import Device, Installed, is_whole
from nntc.delivery.release import Release
from nntc.errors import DeliveryError, OutputError

from tests.delivery.releases import external, release


def put(device: Device, one: Release) -> Installed:
    """Install a version as if it had been decoded."""
    folder = device.work / "new"
    for output in one.decoded:
        text = f"model {one.version}" if output == one.decoded[0] else f"{one.version} {output.name}"
        (folder / output.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / output.name).write_text(text)
    return device.put(folder, one)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path / "device")


def use(device: Device, *versions: str) -> list[Installed]:
    installed: list[Installed] = []
    with device.claim():
        for version in versions:
            installed.append(put(device, external(release(version), "a/w.bin")))
            device.use(installed[-1], installed[-2] if len(installed) > 1 else None)
            device.tidy()
    return installed


def test_an_empty_device_has_nothing(device: Device) -> None:
    assert current(device.folder) is None
    assert (device.pointed(), device.held(), device.refused()) == ([], [], [])


def test_two_versions_are_kept(device: Device) -> None:
    versions = use(device, "1", "2", "3")
    assert device.pointed() == [versions[2], versions[1]]
    assert current(device.folder) == versions[2]
    assert device.held() == versions[1:]
    assert {path.name for path in device.versions.iterdir()} == {
        name for version in versions[1:] for name in (version.folder.name, f"{version.folder.name}.json")
    }
    lines = (device.folder / "current").read_text().splitlines()
    assert [(device.folder / line).read_text() for line in lines] == ["model 3", "model 2"]


def test_going_back_refuses_the_newer_one(device: Device) -> None:
    use(device, "1", "2")
    assert rollback(device.folder).version == "1"
    assert current(device.folder) == device.held()[0]
    assert device.refused() == [external(release("2"), "a/w.bin").identity]
    with pytest.raises(DeliveryError, match=r"E_RELEASE.*has no version before"):
        rollback(device.folder)
    device.refuse(device.refused()[0], again=True)
    assert device.refused() == []


def test_no_going_back_in_a_folder_that_is_no_device_leaves_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"E_RELEASE.*has no version before"):
        rollback(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_going_back_to_what_is_damaged(device: Device) -> None:
    before, now = use(device, "1", "2")
    before.files[1].write_text("other")
    assert not is_whole(before)
    assert is_whole(now)
    with pytest.raises(DeliveryError, match=r"E_RELEASE.*is damaged"):
        rollback(device.folder)
    assert current(device.folder) == now


def test_a_version_that_is_there_is_found_if_it_is_whole(device: Device) -> None:
    use(device, "1", "2")
    assert device.find(release("1")) is None
    found = device.find(external(release("1"), "a/w.bin"))
    assert found is not None
    found.files[0].unlink()
    assert device.find(external(release("1"), "a/w.bin")) is None


def test_records_without_folders_and_damaged_ones_are_no_versions(device: Device) -> None:
    use(device, "1")
    (device.versions / "2-aaa.json").write_text("{}")
    (device.versions / "3-aaa.json").write_text('{"name": 1, "decoded": []}')
    with device.claim():
        (device.versions / "3-aaa").mkdir()
        assert [installed.version for installed in device.held()] == ["1"]
        device.tidy()
        assert len(list(device.versions.iterdir())) == 2


def test_a_pointer_to_nothing(device: Device) -> None:
    use(device, "1")
    (device.folder / "current").write_text("versions/9/net.onnx\n")
    with pytest.raises(OutputError, match="leads to nothing"):
        current(device.folder)


def test_two_runs_at_once(device: Device) -> None:
    use(device, "1", "2")
    with device.claim(), pytest.raises(OutputError, match="E_OUTPUT_BUSY"):
        rollback(device.folder)
    assert rollback(device.folder).version == "1"


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="E_OUTPUT"), Device(tmp_path / "file").claim():
        pass

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from nntc.delivery import refresh
from nntc.delivery.keys import ROLES, Keys
from nntc.delivery.metadata import numbers
from nntc.delivery.repository import Repository
from nntc.delivery.undoing import Undo
from nntc.errors import DeliveryError, NntcError, OutputError
from tuf.api.metadata import Metadata

from tests.delivery.conftest import World


def document(world: World, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((world.repository / "metadata" / name).read_text())["signed"]
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_metadata_are_those_of_the_specification(world: World) -> None:
    world.publish("1.0")
    timestamp = document(world, "timestamp.json")
    assert (timestamp["_type"], timestamp["version"], timestamp["spec_version"][:2]) == ("timestamp", 2, "1.")
    assert timestamp["meta"]["snapshot.json"]["version"] == 2
    assert document(world, "2.snapshot.json")["meta"]["targets.json"]["version"] == 2
    assert document(world, "1.root.json")["consistent_snapshot"] is True
    assert {
        role: keys["threshold"] for role, keys in document(world, "1.root.json")["roles"].items()
    } == dict.fromkeys(ROLES, 1)
    assert list(document(world, "2.targets.json")["targets"]) == ["net/stable/1.0.nntc"]


def test_days_are_chosen_and_kept(world: World) -> None:
    world.publish("1.0", days={"timestamp": 3, "targets": 90})
    world.publish("1.1", 1)
    now = datetime.now(UTC)
    for name, days in (
        ("timestamp.json", 3),
        ("3.targets.json", 90),
        ("3.snapshot.json", 30),
        ("1.root.json", 365),
    ):
        left = datetime.fromisoformat(document(world, name)["expires"]) - now
        assert timedelta(days=days, minutes=-5) < left <= timedelta(days=days)


def test_a_refresh_renews_what_ends_soon(world: World) -> None:
    world.publish("1.0")
    before = files(world.repository)
    refresh(world.repository, world.keys)
    added = sorted(set(files(world.repository)) - set(before))
    assert added == ["metadata/3.snapshot.json"]
    refresh(world.repository, world.keys, days={"root": 10, "targets": 10})
    assert numbers(world.repository / "metadata", "root") == [1, 2]
    assert document(world, "2.root.json")["x-nntc-days"] == 10
    assert numbers(world.repository / "metadata", "targets") == [2, 3]
    world.pull()


def test_two_keys_are_enough_to_refresh(world: World, tmp_path: Path) -> None:
    world.publish("1.0")
    small = tmp_path / "small"
    small.mkdir()
    for name in ("snapshot.pem", "timestamp.pem", "root.json"):
        shutil.copy(world.keys / name, small)
    refresh(world.repository, small)
    world.pull()
    for missing in (lambda: refresh(world.repository, small, new_key="targets"),
                    lambda: world.publish("1.1", 1, keys=small)):  # fmt: skip
        with pytest.raises(DeliveryError, match=r"E_KEYS: there is no key for (root|targets)"):
            missing()
    world.pull()
    (small / "root.json").unlink()
    with pytest.raises(DeliveryError, match="E_KEYS: cannot read"):
        refresh(world.repository, small)


@pytest.mark.parametrize("role", ROLES)
def test_keys_are_replaced_one_by_one(world: World, role: str) -> None:
    world.publish("1.0")
    world.pull()
    before = Keys(world.keys).signer(role).public_key
    refresh(world.repository, world.keys, new_key=role)
    assert Keys(world.keys).signer(role).public_key != before
    refresh(world.repository, world.keys)
    world.publish("1.1", 1)
    world.pull()
    assert world.used == world.source(1)


def test_a_lost_key_is_replaced_by_whoever_has_that_of_root(world: World) -> None:
    world.publish("1.0")
    world.pull()
    for role in ("targets", "timestamp"):
        (world.keys / f"{role}.pem").unlink()
        refresh(world.repository, world.keys, new_key=role)
    world.publish("1.1", 1)
    world.pull()
    assert world.used == world.source(1)


def test_a_new_root_is_trusted_from_the_one_that_was_handed_over(world: World, tmp_path: Path) -> None:
    root = tmp_path / "root.json"
    shutil.copy(world.publish("1.0").root, root)
    for role in (*ROLES, "root"):
        refresh(world.repository, world.keys, new_key=role)
    assert world.pull(root=root).trusted_root is None


Change = Callable[[World], None]


def _forge(world: World) -> None:
    path = world.repository / "metadata" / "2.targets.json"
    path.write_bytes(path.read_bytes().replace(b'"version": "1.0"', b'"version": "6.6"'))


def _forge_timestamp(world: World) -> None:
    path = world.repository / "metadata" / "timestamp.json"
    path.write_bytes(path.read_bytes().replace(b'"version": 2', b'"version": 9'))


def _forge_root(world: World) -> None:
    shutil.copy(world.repository / "metadata" / "1.root.json", world.repository / "metadata" / "2.root.json")


def _remove(world: World) -> None:
    (world.repository / "metadata" / "2.snapshot.json").unlink()


@pytest.mark.parametrize("change", [_forge, _forge_timestamp, _forge_root, _remove])
def test_nothing_is_signed_on_top_of_what_others_have_written(world: World, change: Change) -> None:
    world.publish("1.0")
    change(world)
    before = files(world.repository)
    with pytest.raises(DeliveryError, match="E_TRUST"):
        refresh(world.repository, world.keys)
    assert files(world.repository) == before


def test_keys_of_another_repository(world: World) -> None:
    world.publish("1.0")
    with pytest.raises(DeliveryError, match="E_KEYS"):
        world.publish("1.1", 1, keys=world.folder / "others")
    refresh(world.repository, world.keys, new_key="root")
    world.repository = world.folder / "second"
    with pytest.raises(DeliveryError, match=r"E_KEYS: the keys in .* are those of another repository"):
        world.publish("1.0")


def test_no_repository(world: World) -> None:
    with pytest.raises(DeliveryError, match="E_RELEASE: there is no repository"):
        refresh(world.repository, world.keys)
    (world.repository / "metadata").mkdir(parents=True)
    with pytest.raises(DeliveryError, match="E_RELEASE: there is no repository"):
        refresh(world.repository, world.keys)


class Killed(BaseException):
    """As good as SIGKILL for what is on the disk: nothing of the code that follows runs."""


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing be taken back: a process that is killed cannot."""
    monkeypatch.setattr(Undo, "run", lambda _: None)
    monkeypatch.setattr(Keys, "drop_new", lambda *_: None)


@pytest.mark.usefixtures("killed")
def test_a_kill_at_any_change_of_the_disk_leaves_a_repository_that_works(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each replacing of a name is one step; what is killed before one of them is done again."""
    replace = Path.replace
    renamed: list[str] = []

    def counted(path: Path, target: Any) -> Path:
        if len(renamed) == stop:
            raise Killed
        renamed.append(Path(target).name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", counted)
    stop, total = 0, 0
    while True:
        for folder in (world.repository, world.keys, world.device):
            shutil.rmtree(folder, ignore_errors=True)
        renamed.clear()
        stop = total
        with suppress(Killed):
            world.publish("1.0")
            break
        stop = 10**6
        world.publish("1.0")
        assert len(world.pull().files) == 1
        assert world.used == world.source(0)
        total += 1
    assert total == len(renamed) > 8
    assert renamed[-1] == "timestamp.json"


@pytest.mark.usefixtures("killed")
@pytest.mark.parametrize("role", ROLES)
def test_a_kill_while_a_key_is_replaced(world: World, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    replace = Path.replace
    renamed: list[str] = []

    def counted(path: Path, target: Any) -> Path:
        if len(renamed) == stop:
            raise Killed
        renamed.append(Path(target).name)
        return replace(path, target)

    stop = 10**6
    world.publish("1.0")
    world.pull()
    monkeypatch.setattr(Path, "replace", counted)
    for number in range(20):
        stop = number
        renamed.clear()
        try:
            refresh(world.repository, world.keys, new_key=role)
        except Killed:
            stop = 10**6
            world.pull()
            refresh(world.repository, world.keys)
            world.pull()
            continue
        break
    else:
        raise AssertionError
    assert number > 4
    stop = 10**6
    world.publish("1.1", 1)
    world.pull()
    assert world.used == world.source(1)


@pytest.mark.parametrize("options", [{"days": {"root": 9}}, {"method": "auto", "target_size": 1}])
def test_a_first_publication_that_fails_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Repository, "_prune" if "days" not in options else "_next_root", fail)
    with pytest.raises(NntcError, match=r"E_OUTPUT|E_GOAL"):
        world.publish("1.0", **options)
    assert not world.repository.exists()
    assert not world.keys.exists()


def test_what_fails_after_devices_see_it_stays(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Repository, "_prune", fail)
        with pytest.raises(OutputError, match="E_OUTPUT"):
            world.publish("1.0")
    world.pull()
    assert not world.publish("1.0").is_new


def test_files_that_nobody_refers_to_are_removed_one_publication_later(world: World) -> None:
    for number in range(4):
        world.publish(f"1.{number}", number, keep=1)
        names = {path.name.partition(".")[2] for path in (world.repository / "targets").rglob("*.nntc")}
        assert names == {f"1.{n}.nntc" for n in range(max(number - 1, 0), number + 1)}
        assert len(numbers(world.repository / "metadata", "snapshot")) <= 2


def test_what_is_written_is_read_as_it_is(world: World) -> None:
    release = world.publish("1.0").release
    repository = Repository(world.repository, Keys(world.keys))
    with repository.claim():
        assert repository.releases == [release]
        assert repository.next_serial == 2
    found = Metadata.from_file(str(world.repository / "metadata" / "2.targets.json"))
    assert found.signed.version == 2

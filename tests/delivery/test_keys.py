from __future__ import annotations

import os
from pathlib import Path

import pytest
from nntc.delivery.keys import PASSPHRASE, ROLES, Keys
from nntc.errors import DeliveryError, OutputError
from tuf.api.metadata import Root


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys")


def root_of(keys: Keys, *roles: str) -> Root:
    root = Root()
    for role in roles:
        root.add_key(keys.signer(role).public_key, role)
    return root


def test_keys_are_made_and_read(keys: Keys) -> None:
    for role in ROLES:
        assert not keys.has(role)
        made = keys.create(role)
        assert keys.has(role)
        assert keys.signer(role).public_key == made.public_key
    if os.name != "nt":
        assert {path.stat().st_mode & 0o777 for path in keys.folder.iterdir()} == {0o600}
        assert keys.folder.stat().st_mode & 0o777 == 0o700


def test_keys_that_are_none(keys: Keys) -> None:
    with pytest.raises(DeliveryError, match="E_KEYS: there is no key for root"):
        keys.signer("root")
    keys.create("root")
    keys.path("root").write_text("nothing")
    with pytest.raises(DeliveryError, match=r"E_KEYS: .* is no key"):
        keys.signer("root")
    with pytest.raises(DeliveryError, match=r"E_KEYS: cannot read .*root.json"):
        keys.known_root()
    keys.path("targets").mkdir()
    with pytest.raises(DeliveryError, match=r"E_KEYS: cannot read .*targets.pem"):
        keys.signer("targets")


def test_keys_with_a_passphrase(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "secret")
    made = keys.create("root")
    assert b"ENCRYPTED" in keys.path("root").read_bytes()
    assert keys.signer("root").public_key == made.public_key
    monkeypatch.setenv(PASSPHRASE, "other")
    with pytest.raises(DeliveryError, match=r"E_KEYS: .*passphrase"):
        keys.signer("root")
    monkeypatch.delenv(PASSPHRASE)
    with pytest.raises(DeliveryError, match=f"E_KEYS: .*{PASSPHRASE}"):
        keys.signer("root")


def test_a_new_key_takes_the_place_of_the_old_one_when_root_knows_it(keys: Keys) -> None:
    for role in ROLES:
        keys.create(role)
    root, old = root_of(keys, *ROLES), keys.signer("targets")
    keys.create("targets", beside=True)
    keys.settle(root)
    assert keys.signer("targets").public_key == old.public_key
    new = keys.create("targets", beside=True)
    root.add_key(new.public_key, "targets")
    keys.settle(root)
    assert keys.signer("targets").public_key == new.public_key
    assert sorted(path.name for path in keys.folder.iterdir()) == sorted(f"{role}.pem" for role in ROLES)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="E_OUTPUT"):
        Keys(tmp_path / "file").create("root")

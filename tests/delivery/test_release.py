from __future__ import annotations

from typing import Any

import pytest
from nntc.delivery.release import KEY, is_word, newest, read_release
from nntc.errors import DeliveryError

from tests.delivery.releases import external, release


@pytest.mark.parametrize(
    "one", [release("1.0"), release("1.1", base="1.0"), external(release("2"), "a/w.bin")]
)
def test_metadata_give_the_release_again(one: Any) -> None:
    assert read_release(one.path, one.file.length, {"sha256": one.file.sha256}, one.custom()) == one


@pytest.mark.parametrize("custom", [None, {}, [], {"other": 1}])
def test_target_files_of_another_kind_are_left_alone(custom: Any) -> None:
    assert read_release("a", 1, {}, custom) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a/b"), ("name", ""), ("version", ".."), ("version", "1" * 65), ("channel", None),
        ("serial", 0),
        ("serial", True), ("serial", "1"), ("base", None), ("base", [{}]), ("decoded", []),
        ("head", {"sha256": 1}),
        ("decoded", [{"name": "../x", "sha256": "0" * 64, "length": 1}]), ("memory", -1), ("memory", 1.5),
        ("decoded", [{"name": "a/x", "sha256": "0" * 64, "length": 1}]),
        ("decoded", [{"name": "x", "sha256": "0" * 64, "length": 1}] * 2),
        ("decoded", [{"name": "x", "sha256": "0" * 63, "length": 1}]),
        ("head", {"sha256": "0" * 64, "length": 1001}),
    ],
)  # fmt: skip
def test_metadata_that_make_no_sense(field: str, value: Any) -> None:
    one = release("1.0", 1000)
    fields = {**one.custom()[KEY], field: value}
    with pytest.raises(DeliveryError, match=r"E_TRUST.*make no sense"):
        read_release(one.path, one.file.length, {"sha256": one.file.sha256}, {KEY: fields})


def test_identity_is_that_of_what_is_decoded() -> None:
    assert release("1.1").identity == release("1.1", base="1.0").identity
    assert release("1.1").identity != release("1.2").identity
    assert release("1.1").identity != external(release("1.1"), "w").identity


def test_the_newest_is_the_one_published_last() -> None:
    found = [release("2.0", serial=1), release("1.0", serial=2), release("3.0", serial=9, channel="beta")]
    assert newest(found, "net", "stable").version == "1.0"
    assert newest(found, "net", "beta").version == "3.0"
    with pytest.raises(DeliveryError, match="E_RELEASE: 'net' has no channel 'alpha' but beta, stable"):
        newest(found, "net", "alpha")
    with pytest.raises(DeliveryError, match="the repository has no 'nat' but net"):
        newest(found, "nat", "stable")
    with pytest.raises(DeliveryError, match="but nothing"):
        newest([], "nat", "stable")


def test_words() -> None:
    assert all(map(is_word, ["1.4", "digits", "2026-11-29", "v1_b+c"]))
    assert not any(map(is_word, ["", ".", "..", "-x", "a b", "a/b", "é", "a\n", None, 1]))

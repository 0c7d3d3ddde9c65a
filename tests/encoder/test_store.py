"""Bytes put aside come back, from memory and from a file, and failing files are named."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.encoder import store as module
from nntc.encoder.store import Joined, Store, Stored
from nntc.errors import OutputError
from nntc.format.container import digest_of

PIECES = st.lists(st.binary(max_size=40), max_size=8)


@pytest.mark.parametrize("limit", [0, 10, 1 << 20])
def test_bytes_come_back(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", limit)
    store = Store(tmp_path)
    data = [b"abc", b"", b"x" * 30, b"end"]
    stored = [store.put(own) for own in data]
    assert [own.read() for own in stored] == data
    assert [own.digest for own in stored] == [digest_of(own) for own in data]
    assert not list(tmp_path.iterdir())  # the file has no name


@given(PIECES, st.lists(st.booleans(), min_size=8, max_size=8), st.integers(0, 400), st.integers(0, 400))
def test_pieces_are_one_file(data: list[bytes], aside: list[bool], offset: int, length: int) -> None:
    store = Store()
    pieces: list[bytes | Stored] = [
        store.put(own) if put else own for own, put in zip(data, aside, strict=False)
    ]
    joined, whole = Joined(pieces), b"".join(data)
    assert joined.size == len(whole)
    assert joined.read(offset, length) == whole[offset : offset + length]
    assert joined.tobytes() == b"".join(joined.chunks()) == whole


def test_without_a_folder_of_its_own_the_systems_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IN_MEMORY", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert Store(tmp_path / "none").put(b"abc").read() == b"abc"


def test_a_full_disk_is_an_error_of_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_IN_MEMORY", 0)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(OutputError, match="No space left") as caught:
        Store().put(b"abc")
    assert caught.value.id == "E_OUTPUT"

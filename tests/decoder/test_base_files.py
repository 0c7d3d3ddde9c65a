"""Files of a base: as they are given, what `.nntc` files decode to, and updates in between."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nntc
import pytest
from nntc.decoder.model import base_files
from nntc.errors import FormatError, OutputError

from conformance.generator.build import build
from conformance.generator.files import File, Output, Range

OLD, NEW, NEWEST = bytes(range(200)), bytes(range(10, 190)), bytes(range(40, 150))


def container(content: bytes, base: bytes | None = None, at: int = 0, name: str | None = None) -> bytes:
    """A file that is `content`, as it is or as a range of a base; with a second output file of that name."""
    item = content if base is None else Range(at, len(content))
    outputs = [Output(None, (item,))]
    if name is not None:
        outputs = [Output(None, (name.encode(), item)), Output(name, (item,))]
    file = File((), outputs, bases=() if base is None else (base,))
    return build(file, digests=[hashlib.sha256(own).digest() for own in file.contents()]).data


FULL, UPDATE, LATER = container(OLD), container(NEW, OLD, 10), container(NEWEST, NEW, 30)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[dict[str, Path]]:
    found = {"full": FULL, "update": UPDATE, "later": LATER, "old": OLD, "new": NEW}
    for name, data in found.items():
        (tmp_path / name).write_bytes(data)
    yield {name: tmp_path / name for name in found}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(found)


def test_decoded_files_and_the_files_they_come_from(files: dict[str, Path]) -> None:
    for base in (files["old"], str(files["old"]), OLD, files["full"], FULL, [files["new"], files["full"]]):
        assert nntc.decode_bytes(UPDATE, base=base) == {None: NEW}
    for base in (NEW, UPDATE):
        with pytest.raises(FormatError, match="E_BASE"):
            nntc.decode_bytes(UPDATE, base=base)


def test_decoded_files_need_room_for_temporary_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(OutputError, match=r"E_OUTPUT: .*TMPDIR"):
        nntc.decode_bytes(UPDATE, base=FULL)


def test_a_container_itself_can_be_a_base() -> None:
    assert nntc.decode_bytes(container(FULL[5:50], FULL, 5), base=FULL) == {None: FULL[5:50]}


@pytest.mark.parametrize("base", [FULL, OLD])
def test_updates_in_between(base: bytes, files: dict[str, Path]) -> None:
    assert nntc.decode_bytes(LATER, base=base, via=[UPDATE]) == {None: NEWEST}
    assert nntc.decode_bytes(files["later"], base=base, via=[files["update"]]) == {None: NEWEST}
    with pytest.raises(FormatError, match="E_BASE"):
        nntc.decode_bytes(LATER, base=base)


def test_nothing_is_looked_for_without_need(tmp_path: Path) -> None:
    assert nntc.decode_bytes(FULL, base=tmp_path / "not there") == {None: OLD}


def test_external_data_beside_a_base_is_found(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"other")
    (tmp_path / "data").write_bytes(OLD)
    update = container(NEW, OLD, 10, "data")
    assert nntc.decode_bytes(update, base=tmp_path / "model") == {None: b"data" + NEW, "data": NEW}


def test_what_was_decoded_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with base_files(FULL):
        assert nntc.decode_bytes(UPDATE, base=FULL) == {None: NEW}
    assert list(tmp_path.iterdir()) == []


def test_an_update_is_opened_with_its_base() -> None:
    data = container(NEW, OLD, 10)
    with nntc.open(data, base=OLD) as opened:
        assert opened.graph_size == 0
    with pytest.raises(FormatError, match="E_BASE"):
        nntc.open(data)

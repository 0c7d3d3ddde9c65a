"""Sinks of decoded files give back what was written earlier."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from nntc.decoder.folder import FolderSink
from nntc.decoder.sink import CheckSink, MemorySink


@pytest.mark.parametrize(
    ("kind", "large"), [("memory", 1 << 16), ("memory", 3), ("memory", 1), ("folder", 1)]
)
def test_bytes_written_earlier_can_be_read_again(
    kind: str, large: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nntc.decoder.sink._LARGE", large)
    sink = MemorySink() if kind == "memory" else FolderSink(tmp_path / "model")
    sink.begin(None)
    sink.write(memoryview(b"0123456789"))
    assert sink.reread(0, 3, 4) == b"3456"
    sink.write(memoryview(b"ab"))
    sink.begin("next")
    sink.write(memoryview(b"xyz"))
    assert sink.reread(0, 8, 4) == b"89ab"
    assert sink.reread(1, 1, 2) == b"yz"
    sink.write(memoryview(b"!"))
    assert sink.reread(1, 0, 4) == b"xyz!"
    if isinstance(sink, FolderSink):
        sink.discard()
        assert not list(tmp_path.iterdir())
    else:
        assert sink.files() == {None: b"0123456789ab", "next": b"xyz!"}


@pytest.mark.usefixtures("kernels")
def test_room_for_files_is_made_at_once_where_their_sizes_are_known() -> None:
    sink = MemorySink()
    sink.expect([6, 4, 0, 1])
    for name in (None, "cut", "empty", "one", "more"):
        sink.begin(name)
        if name != "empty":
            sink.write(memoryview(b"0"))
        if name in (None, "cut"):
            sink.write(memoryview(b"123456")[: 5 if name is None else 2])
            assert sink.reread(0, 1, 3) == b"123"
    assert sink.reread(1, 2, 9) == b"2"
    assert sink.files() == {None: b"012345", "cut": b"012", "empty": b"", "one": b"0", "more": b"0"}
    assert all(type(content) is bytes for content in sink.files().values())


@pytest.mark.parametrize("limit", [0, 1 << 20])
def test_a_check_keeps_only_what_will_be_read_again(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntc.decoder.sink._IN_MEMORY", limit)
    with closing(CheckSink()) as sink:
        sink.begin(None)
        sink.write(memoryview(b"0123456789"))
        sink.write(memoryview(b"abcd"), again=True)
        sink.write(memoryview(b"efgh"), again=True)
        sink.begin("next")
        sink.write(memoryview(b"...."))
        sink.write(memoryview(b"xyz"), again=True)
        assert sink.reread(0, 12, 4) == b"cdef"
        assert sink.reread(1, 4, 3) == b"xyz"
        assert sink.reread(0, 10, 1) == b"a"
        assert sink.kept == 11

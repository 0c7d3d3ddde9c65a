from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from nntc.errors import SourceError
from nntc.sources.remote import FsspecRanges

URL = "memory://folder/model.nntc"
DATA = bytes(range(256)) * 100


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    system.pipe("/folder/model.nntc", DATA)
    yield system
    system.store.clear()


def fault(ranges: FsspecRanges) -> SourceError:
    with pytest.raises(SourceError) as caught:
        ranges.fetch(1000, 10)
    return caught.value


@pytest.mark.usefixtures("memory")
def test_ranges() -> None:
    ranges = FsspecRanges(URL)
    assert ranges.start(1000) == DATA[:1000]
    assert ranges.size == len(DATA)
    assert ranges.fetch(5000, 70) == DATA[5000:5070]
    ranges.close()


def test_short_and_empty_files(memory: Any) -> None:
    for data in (b"short", b""):
        memory.pipe("/folder/model.nntc", data)
        ranges = FsspecRanges(URL)
        assert ranges.start(1000) == data
        assert ranges.size == len(data)


def test_a_store_that_does_not_know_sizes(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "info", lambda *_: {"name": "model.nntc", "size": None})
        ranges = FsspecRanges(URL)
        assert ranges.start(1000) == DATA[:1000]
    assert ranges.size == len(DATA)


@pytest.mark.parametrize("after", [DATA[:-1], DATA[:500], DATA[::-1]])
def test_a_file_that_is_replaced_while_it_is_read(after: bytes, memory: Any) -> None:
    ranges = FsspecRanges(URL)
    ranges.start(10)
    memory.pipe("/folder/model.nntc", after)
    assert fault(ranges).id == "E_SOURCE_CHANGED"


def test_a_file_that_is_not_there(memory: Any) -> None:
    with pytest.raises(SourceError, match=r"E_SOURCE: memory://none: No such file$"):
        FsspecRanges("memory://none").start(10)
    ranges = FsspecRanges(URL)
    ranges.start(10)
    memory.rm("/folder/model.nntc")
    assert fault(ranges).message == f"{URL}: No such file"


def test_a_store_that_fails(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = FsspecRanges(URL)
    ranges.start(10)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(type(memory), "cat_file", fail)
    assert fault(ranges).message == f"{URL}: two lines"


def test_a_scheme_that_nobody_knows() -> None:
    with pytest.raises(SourceError, match=r"E_SOURCE: abc://x: .*abc"):
        FsspecRanges("abc://x")


def test_packages_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ImportError, match=r"URLs of s3 need more: .*s3fs"):
        FsspecRanges("s3://bucket/model.nntc")
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ImportError, match=r"URLs of memory need more: pip install 'nntc\[remote\]'"):
        FsspecRanges(URL)

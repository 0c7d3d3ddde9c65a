from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest
from nntc.errors import SourceError
from nntc.sources.source import BytesSource, FileSource, Source, is_url, open_source, opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


@pytest.mark.parametrize("kind", ["path", "text", "url", "bytes", "bytearray", "memoryview"])
def test_sources_of_every_kind(kind: str, file: Path) -> None:
    kinds: dict[str, Any] = {
        "path": file,
        "text": str(file),
        "url": file.as_uri(),
        "bytes": file.read_bytes(),
        "bytearray": bytearray(file.read_bytes()),
        "memoryview": memoryview(file.read_bytes()),
    }
    with opened(kinds[kind]) as source:
        assert isinstance(source, Source)
        assert source.size == 10
        assert (source.read(2, 3), source.read(8, 100), source.read(10, 1), source.read(99, 1)) == (
            b"234", b"89", b"", b""
        )  # fmt: skip


def test_a_source_stays_open_and_a_file_does_not(file: Path) -> None:
    own = FileSource(file)
    with opened(own) as source:
        assert source is own
    assert open_source(own) == (own, None)
    assert own.read(0, 1) == b"0"
    with opened(file) as source:
        pass
    with pytest.raises(ValueError, match="closed"):
        source.read(0, 1)
    own.close()


def test_what_is_no_source() -> None:
    wrong: Any
    for wrong in (None, 3, ["path"]):
        with pytest.raises(TypeError, match="expected a path, a URL, bytes, a binary file or a Source"):
            open_source(wrong)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_source(tmp_path / "none")


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(OSError, match="no regular file"), opened(place):
            pass
    with pytest.raises(IsADirectoryError), opened(tmp_path):
        pass


def test_a_file_that_is_cut_off_while_it_is_read(file: Path) -> None:
    with opened(file) as source:
        file.write_bytes(b"0123")
        assert source.read(0, 4) == b"0123"
        with pytest.raises(SourceError, match=r"E_SOURCE_CHANGED: .*file: "):
            source.read(0, 10)


def test_a_file_that_nobody_closes(file: Path) -> None:
    source = FileSource(file)
    inner = source._file
    del source
    gc.collect()
    assert inner.closed


def test_memory_belongs_to_the_caller() -> None:
    source = BytesSource(b"0123")
    source.close()
    assert source.read(1, 2) == b"12"


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("https://host/model.nntc", True),
        ("HTTP://host/x", True),
        ("s3://bucket/model.nntc", True),
        ("hf://user/model/file.nntc", True),
        ("simplecache::s3://bucket/x", True),
        ("model.nntc", False),
        ("./a://b", False),
        ("C:\\model.nntc", False),
        ("C://model.nntc", False),
        ("a:b", False),
        (Path("https://host/model.nntc"), False),
        (b"https://host/model.nntc", False),
    ],
)
def test_which_text_is_a_url(source: object, wanted: bool) -> None:
    assert is_url(source) is wanted

"""Files that change while they are read: cut off, written to or replaced, at every read there is."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import nntc
import numpy as np
import onnx
import pytest
from nntc.encoder.split import open_model
from nntc.encoder.split.content import digest, open_content
from nntc.errors import NntcError, SourceError
from nntc.sources.source import FileSource
from onnx import numpy_helper

Change = Callable[[Path], None]


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def written_to(path: Path) -> None:
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(status.st_size // 2)
        file.write(b"other")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**7))  # as an hour's clock would tell


def replaced(path: Path) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(path.read_bytes())
    new.replace(path)


def model_of_two_files(folder: Path) -> Path:
    values = np.random.default_rng(0).normal(size=(60, 500)).astype(np.float32)
    graph = onnx.helper.make_graph([], "g", [], [], [numpy_helper.from_array(values, "w")])
    path = folder / "model.onnx"
    onnx.save(
        onnx.helper.make_model(graph), path, save_as_external_data=True, location="w.bin", size_threshold=0
    )
    return path


class Reads:
    """Counts reads of files, and makes a change before one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.at = 0, -1
        self.change: Callable[[], None] = lambda: None
        read = FileSource.read

        def counted(source: FileSource, offset: int, length: int) -> bytes:
            self.count += 1
            if self.count == self.at:
                self.change()
            return read(source, offset, length)

        monkeypatch.setattr(FileSource, "read", counted)


@pytest.mark.parametrize("name", ["model.onnx", "w.bin"])
@pytest.mark.parametrize("change", [cut_off, written_to, replaced])
def test_a_file_that_changes_at_any_read_is_noticed(
    change: Change, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, target = model_of_two_files(tmp_path), tmp_path / "model.nntc"
    whole = {file: (tmp_path / file).read_bytes() for file in ("model.onnx", "w.bin")}
    reads = Reads(monkeypatch)
    nntc.encode(path, target, method="lossless")
    last = reads.count
    assert last > 4
    target.write_bytes(b"what was there before")
    for number in range(1, last + 1):
        for file, content in whole.items():
            (tmp_path / file).write_bytes(content)
        reads.count, reads.at, reads.change = 0, number, partial(change, tmp_path / name)
        try:
            nntc.encode(path, target, method="lossless")
        except NntcError as e:
            # Before external data is opened, a change of it is none that could be noticed.
            assert e.id in {"E_SOURCE_CHANGED", "E_EXTERNAL"}, (number, e)  # noqa: PT017 - of some reads only
            assert target.read_bytes() == b"what was there before"
        else:
            restored = nntc.decode_bytes(target.read_bytes())
            assert name == "w.bin"
            assert restored["w.bin"] == (tmp_path / "w.bin").read_bytes()
            target.write_bytes(b"what was there before")


def test_the_last_moment_counts(tmp_path: Path) -> None:
    path = model_of_two_files(tmp_path)
    with pytest.raises(SourceError) as caught, open_model(path):
        written_to(tmp_path / "w.bin")
    assert caught.value.id == "E_SOURCE_CHANGED"
    with pytest.raises(SourceError), open_model(path):
        path.unlink()


def test_a_disk_that_fails_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    source = FileSource(path)

    class Broken:
        def fileno(self) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(source, "_file", Broken())
    with pytest.raises(SourceError, match=r"cannot read .*Input/output error") as caught:
        source.read(0, 3)
    assert caught.value.id == "E_SOURCE"


def test_slices_are_those_of_bytes_and_outlive_the_file(tmp_path: Path) -> None:
    data = np.random.default_rng(0).bytes(300_000)
    (tmp_path / "file").write_bytes(data)
    kept = []
    with ExitStack() as opened:
        content = open_content(tmp_path / "file", opened)
        for start, stop in [(0, 10), (5, 9), (65_000, 66_000), (0, 65_536), (1, 299_999), (299_990, 400_000)]:
            kept.append((content[start:stop], data[start:stop]))
        assert np.frombuffer(content[0:100_000], np.uint8).base is not None
        assert (len(content), bytes(content)) == (len(data), data)
        assert digest(content) == digest(memoryview(data))
    assert all(view == expected for view, expected in kept)


def test_what_is_in_use_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(bytes(200_000))
    reads = Reads(monkeypatch)
    with ExitStack() as opened:
        content = open_content(tmp_path / "file", opened)
        first, second = content[0:100_000], content[0:100_000]
        assert reads.count == 1
        assert first == second

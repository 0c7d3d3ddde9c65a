from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import threading
import tracemalloc
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import nntc
import pytest
from nntc.decoder.directory import read_directory
from nntc.encoder.container import CodedFile, NewFile, NewSection, graph_section
from nntc.errors import FormatError, SourceError
from nntc.format.registry import Profile, SectionType
from nntc.sources.source import open_source
from nntc.sources.stream import Passage, StreamSource

from tests.delivery.conftest import model

ROOT = Path(__file__).resolve().parents[2]


@cache
def coded() -> bytes:
    """Return a file of some sections, notes after them."""
    with TemporaryDirectory() as folder:
        return nntc.encode_bytes(model(Path(folder) / "m.onnx"), method="lossless")[0]


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most = io.BytesIO(data), most

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._most))


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("most", [1, 1000, 1 << 30])
def test_a_stream_decodes_to_the_same(most: int, jobs: int) -> None:
    stream = Dribble(coded(), most)
    assert nntc.decode_bytes(stream, jobs=jobs) == nntc.decode_bytes(coded())


def test_sections_that_are_asked_for_in_another_order() -> None:
    source = StreamSource(io.BytesIO(coded()))
    directory = read_directory(source)
    sections = [section for section in directory.sections if section.length]
    for section in [sections[2], sections[0], sections[1], *sections[3:]]:
        data = coded()[section.offset : section.offset + section.length]
        if section in directory.others:
            digest = source.digest(section.offset, section.length)
            assert digest is not None
            assert digest[:16] == section.digest
        else:
            assert source.read(section.offset, section.length) == data
    source.finish()


def test_threads_ask_in_any_order() -> None:
    source = StreamSource(io.BytesIO(coded()))
    sections = list(read_directory(source).tensors)
    found: dict[int, bytes] = {}

    def read(number: int) -> None:
        found[number] = source.read(sections[number].offset, sections[number].length)

    threads = [threading.Thread(target=read, args=(number,)) for number in reversed(range(len(sections)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(
        found[number] == coded()[section.offset : section.offset + section.length]
        for number, section in enumerate(sections)
    )


def test_every_prefix_is_refused_and_so_is_what_follows(tmp_path: Path) -> None:
    data = coded()
    for length in [*range(0, 700, 23), *range(700, len(data), 4999), len(data) - 1]:
        with pytest.raises(FormatError) as caught:
            nntc.decode(io.BytesIO(data[:length]), tmp_path / "m.onnx")
        assert caught.value.id == "E_TRUNCATED"
    with pytest.raises(FormatError, match=f"E_TRAILING @ {len(data)}"):
        nntc.decode(io.BytesIO(data + b"x"), tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_damage_is_found_where_it_is() -> None:
    sections = [section for section in read_directory(open_source(coded())[0]).sections if section.length]
    for section in sections:
        data = bytearray(coded())
        data[section.offset + section.length // 2] ^= 1
        with pytest.raises(FormatError, match=f"E_DIGEST @ {section.offset}"):
            nntc.decode_bytes(io.BytesIO(data))


def test_what_is_no_file_is_named() -> None:
    with pytest.raises(FormatError, match=r"E_SIGNATURE @ 0: not a \.nntc file but a web page"):
        nntc.decode_bytes(io.BytesIO(b"<!doctype html><html>" + b"x" * 5000))
    with pytest.raises(FormatError, match="E_TRUNCATED @ 0: the file is empty"):
        nntc.decode_bytes(io.BytesIO())


def test_there_is_no_way_back() -> None:
    with nntc.open(io.BytesIO(coded())) as file:
        tensor = file.tensors["w0"]
        tensor.array()
        with pytest.raises(SourceError, match="E_SOURCE: a stream is read once"):
            tensor.array()


def test_a_stream_that_fails() -> None:
    class Failing(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(SourceError, match="E_SOURCE: cannot read the stream: Input/output error"):
        nntc.decode_bytes(Failing())


def test_what_nobody_decodes_is_not_kept() -> None:
    """Nor is memory taken for bytes that a file only claims to have."""
    notes = bytes(40 << 20)
    graph = graph_section([NewFile(1, bytes.fromhex(SHA), None)], [], b"x")
    data = CodedFile(Profile.DEVICE, 0, [graph, NewSection(SectionType(0x81), notes, 0)]).tobytes()
    cut = data[: 8 << 20]
    tracemalloc.start()
    try:
        assert nntc.decode_bytes(io.BytesIO(data)) == {None: b"x"}
        with pytest.raises(FormatError, match="E_TRUNCATED"):
            nntc.decode_bytes(io.BytesIO(cut))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


SHA = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"  # of b"x"


def test_empty_stretches() -> None:
    source = StreamSource(io.BytesIO(b"abc"))
    source.expect([Passage(0, 0, is_kept=True), Passage(0, 2, is_kept=True), Passage(2, 3, is_kept=False)])
    assert source.read(0, 0) == b""
    assert source.digest(3, 0) is not None
    assert source.digest(2, 1) is not None
    assert source.read(0, 2) == b"ab"
    source.finish()
    source.close()


def test_what_was_read_is_checked_once_more_without_the_bytes() -> None:
    source = StreamSource(io.BytesIO(b"abc"))
    source.expect([Passage(0, 2, is_kept=False), Passage(2, 3, is_kept=True)])
    assert source.read(0, 2) == b"ab"
    assert source.digest(0, 2) == hashlib.sha256(b"ab").digest()
    assert source.read(2, 1) == b"c"


@pytest.mark.skipif(os.name == "nt", reason="there are other pipes")
def test_the_command_takes_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "m.nntc").write_bytes(coded())
    words = [sys.executable, "-m", "nntc.cli", "decode", "-", "again.onnx"]
    with (
        (tmp_path / "m.nntc").open("rb") as file,
        subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE) as cat,
    ):
        done = subprocess.run(
            words, stdin=cat.stdout, cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "again.onnx").read_bytes() == nntc.decode_bytes(coded())[None]
    cut = subprocess.run(words, input=coded()[:-1], cwd=tmp_path, capture_output=True, check=False)
    assert cut.returncode == 1
    assert cut.stderr.startswith(b"nntc: E_TRUNCATED @ ")


def test_header_and_directory_may_be_read_again() -> None:
    """As a signature over them is checked."""
    source = StreamSource(io.BytesIO(coded()))
    start = read_directory(source).sections[0].offset
    assert source.read(0, start) == coded()[:start]
    assert source.read(28, 10) == coded()[28:38]
    assert source.read(start, 5) == coded()[start : start + 5]

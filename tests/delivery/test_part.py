from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import nntc
import pytest
from nntc.decoder.directory import read_directory
from nntc.delivery.describing import describe
from nntc.delivery.part import DamagedHeadError, Part
from nntc.delivery.release import Release
from nntc.errors import DeliveryError, OutputError
from nntc.sources.source import BytesSource

from tests.delivery.conftest import model


@cache
def encoded() -> bytes:
    """Return the bytes of a `.nntc` file of some sections."""
    with TemporaryDirectory() as folder:
        return nntc.encode_bytes(model(Path(folder) / "m.onnx"), method="lossless")[0]


class File:
    """A `.nntc` file and where its sections are."""

    def __init__(self, folder: Path) -> None:
        self.data = encoded()
        (folder / "m.nntc").write_bytes(self.data)
        self.release: Release = describe(folder / "m.nntc", "net", "1", "stable")
        self.sections = [
            (s.offset, s.offset + s.length)
            for s in read_directory(BytesSource(self.data)).sections
            if s.length
        ]
        self.part = folder / "part"

    def open(self) -> Part:
        return Part(self.part, self.release)


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


def test_a_file_that_comes_in_order(file: File) -> None:
    with file.open() as part:
        assert part.wanted() == (0, len(file.data))
        at = 0
        while part.missing:
            at = part.write(at, file.data[at : at + 1000])
        assert (at, part.fetched, part.written) == (len(file.data),) * 3
        part.check_whole()
    assert file.part.read_bytes() == file.data


@pytest.mark.parametrize("size", [1, 7, 31, 32, 33, 5000, -1, 10**6])
def test_another_process_goes_on_where_one_has_ended(file: File, size: int) -> None:
    with file.open() as part:
        part.write(0, file.data[:size])
    with file.open() as part:
        assert list(part.missing) == ([(len(file.data[:size]), len(file.data))] if size < 10**6 else [])
        part.write(len(file.data[:size]), file.data[size:])
        part.check_whole()


def test_what_comes_too_much_is_left_out(file: File) -> None:
    with file.open() as part:
        part.write(0, file.data + b"more")
        part.write(0, bytes(len(file.data)))
        part.check_whole()
    file.part.write_bytes(file.data + b"more")
    with file.open() as part:
        assert not part.missing


def test_only_damaged_sections_are_missing_again(file: File) -> None:
    start, end = file.sections[2]
    damaged = bytearray(file.data)
    damaged[start + 5] ^= 1
    with file.open() as part:
        part.write(0, bytes(damaged))
        assert list(part.missing) == [(start, end)]
        assert part.damaged == {start: 1}
        part.write(start, file.data[start:end])
        assert not part.missing
        part.check_whole()


def test_what_lies_damaged_on_the_disk_is_found(file: File) -> None:
    """As after a loss of power: a tail of zeros, and a byte in the midst."""
    start, end = file.sections[3]
    damaged = bytearray(file.data)
    damaged[start] ^= 1
    last = file.sections[-1]
    damaged[last[0] + 3 :] = bytes(len(damaged) - last[0] - 3)
    file.part.write_bytes(damaged)
    with file.open() as part:
        assert list(part.missing) == [(start, end), last]
        assert part.damaged == {}


def test_a_section_begun_in_another_process_and_damaged_costs_that_section(file: File) -> None:
    start, end = file.sections[3]
    file.part.write_bytes(file.data[: start + 4] + bytes([file.data[start + 4] ^ 1]))
    with file.open() as part:
        assert part.wanted()[0] == start + 5
        part.write(start + 5, file.data[start + 5 :])
        assert list(part.missing) == [(start, end)]


def test_another_head_is_refused_at_once(file: File) -> None:
    with file.open() as part:
        with pytest.raises(DamagedHeadError):
            part.write(0, b"<!doctype html>" * 1000)
        assert part.wanted()[0] == 0
    file.part.write_bytes(b"<!doctype html>" * 1000)
    with file.open() as part:
        assert list(part.missing) == [(0, len(file.data))]


def altered(release: Release, **changes: object) -> Release:
    values = {name: changes.get(name, getattr(release, name)) for name in Release.__slots__}
    return Release(**values)  # type: ignore[arg-type]


def test_metadata_that_do_not_fit_the_file(file: File) -> None:
    other = altered(file.release, file=type(file.release.file)("0" * 64, len(file.data)))
    with Part(file.part, other) as part:
        part.write(0, file.data)
        with pytest.raises(DeliveryError, match=r"E_TRUST.*the file is not"):
            part.check_whole()
    longer = altered(file.release, file=type(file.release.file)("0" * 64, len(file.data) + 1))
    with pytest.raises(DeliveryError, match=r"E_TRUST.*is no \.nntc file"):
        Part(file.part, longer)


def test_a_place_that_cannot_be_written(file: File) -> None:
    with pytest.raises(OutputError, match="E_OUTPUT"):
        Part(file.part / "x", file.release)

from __future__ import annotations

from pathlib import Path

import pytest
from nntc.delivery.download import Download
from nntc.delivery.trust import target_name, target_url
from nntc.delivery.web import Web
from nntc.errors import SourceError
from nntc.progress import Phase, ProgressEvent

from tests.delivery.conftest import QUICK, World
from tests.delivery.server import (
    Behaviour,
    Handler,
    changed,
    cut,
    endless,
    flip,
    page,
    status,
    without_ranges,
    wrong_range,
    zipped,
    zipped_range,
)
from tests.delivery.test_part import File


class Target:
    """A file on a server, and where it is downloaded to."""

    def __init__(self, world: World, file: File) -> None:
        self.world, self.file, self.size = world, file, len(file.data)
        place = world.repository / "targets" / target_name(file.release)
        place.parent.mkdir(parents=True)
        place.write_bytes(file.data)
        self.path = world.folder / file.release.file.sha256

    def download(self) -> Download:
        """Download to the end in a client of its own, as another process would."""
        web = Web(QUICK)
        url = target_url(f"{self.world.server.url}/", self.file.release)
        download = Download(web, url, self.file.release, self.path)
        try:
            download.run()
        finally:
            web.close()
        assert self.path.read_bytes() == self.file.data
        return download

    @property
    def ranges(self) -> list[str | None]:
        return [headers.get("range") for headers in self.world.server.targets]


@pytest.fixture
def target(world: World, tmp_path: Path) -> Target:
    return Target(world, File(tmp_path))


def test_the_whole_in_one_request(target: Target) -> None:
    transfer = target.download().transfer
    assert (transfer.requests, transfer.received, transfer.faults) == (1, target.size, {})
    assert target.ranges == [None]
    again = target.download().transfer
    assert (again.requests, again.received, again.fetched_before) == (0, 0, target.size)


@pytest.mark.parametrize("at", [0, 1, 27, 28, 100, 5000, 12_345])
def test_a_cut_costs_no_byte(target: Target, at: int) -> None:
    target.world.server.script = [cut(at)]
    transfer = target.download().transfer
    assert (transfer.requests, transfer.received) == (2, target.size)
    assert target.ranges == [None, f"bytes={at}-{target.size - 1}" if at else None]
    assert target.world.server.targets[1].get("if-range") == ('"a"' if at else None)
    assert sum(transfer.faults.values()) == 1


def test_many_cuts_are_no_failure_as_long_as_something_comes(target: Target) -> None:
    target.world.server.otherwise = cut(1 << 14)
    transfer = target.download().transfer
    assert transfer.received == target.size
    assert transfer.requests == -(-target.size // (1 << 14)) > QUICK.attempts - 2


def test_another_process_goes_on(target: Target) -> None:
    target.world.server.script = [cut(1000), status(404)]
    with pytest.raises(SourceError, match=r"E_SOURCE.*status 404"):
        target.download()
    transfer = target.download().transfer
    assert (transfer.fetched_before, transfer.received) == (1000, target.size - 1000)
    assert target.world.server.targets[2]["if-range"] == '"a"'


def test_a_mark_that_is_weak_or_missing_is_not_asked_for(target: Target) -> None:
    def weak(handler: Handler, data: bytes) -> None:
        handler.wfile.write(handler.begin(data, ETag='W/"a"')[:5000])

    target.world.server.script = [weak, cut(2000, marked=False)]
    target.download()
    assert [headers.get("if-range") for headers in target.world.server.targets] == [None, None, None]


def test_a_server_without_ranges(target: Target) -> None:
    target.world.server.otherwise = without_ranges()
    target.world.server.script = [without_ranges(7000), without_ranges(9000)]
    transfer = target.download().transfer
    assert transfer.received == 7000 + 9000 + target.size


@pytest.mark.parametrize("behaviour", [wrong_range, zipped_range])
def test_ranges_of_no_use(target: Target, behaviour: Behaviour) -> None:
    target.world.server.script = [cut(5000), behaviour]
    target.download()
    assert target.ranges == [None, f"bytes=5000-{target.size - 1}", None]


def test_the_whole_compressed(target: Target) -> None:
    target.world.server.otherwise = zipped
    target.world.server.script = [cut(5000)]
    target.download()


def test_damaged_sections_are_fetched_again_and_nothing_else(target: Target) -> None:
    sections = [target.file.sections[number] for number in (1, 3)]
    target.world.server.script = [changed(flip(*(start + 9 for start, _ in sections)))]
    transfer = target.download().transfer
    assert target.ranges == [None, *(f"bytes={start}-{end - 1}" for start, end in sections)]
    assert transfer.received == target.size + sum(end - start for start, end in sections)


def test_a_file_replaced_between_ranges_costs_one_section(target: Target) -> None:
    start, end = target.file.sections[2]
    at = (start + end) // 2
    target.world.server.script = [changed(flip(start + 1), count=at), cut(10**9, marked=False)]
    transfer = target.download().transfer
    assert any("was replaced meanwhile" in fault for fault in transfer.faults)
    assert transfer.received == target.size + end - start


def test_another_file_is_left_at_its_first_section(target: Target) -> None:
    """Sent whole, as `If-Range` asks for, where the file was replaced; then the right one is there again."""

    def other(handler: Handler, data: bytes) -> None:
        handler.send(200, bytes(byte ^ 1 for byte in data), ETag='"b"')

    start = target.file.sections[1][0] + 100
    target.world.server.script = [cut(start), other]
    transfer = target.download().transfer
    assert any("was replaced meanwhile" in fault for fault in transfer.faults)
    longest = max(end - start for start, end in target.file.sections)
    assert transfer.received <= target.size + 2 * longest + (1 << 16)


def test_what_a_server_sends_for_the_wrong_file_is_refused(target: Target) -> None:
    target.world.server.otherwise = changed(lambda data: data + b"x")
    with pytest.raises(SourceError, match="bytes instead of"):
        target.download()
    assert len(target.ranges) == QUICK.attempts
    target.world.server.otherwise = changed(lambda data: bytes(len(data)))
    with pytest.raises(SourceError, match="something else than what was signed"):
        target.download()
    target.world.server.otherwise = changed(flip(target.file.sections[1][0]))
    with pytest.raises(SourceError, match="damaged bytes"):
        target.download()
    target.world.server.otherwise = page
    with pytest.raises(SourceError, match="bytes instead of"):
        target.download()
    target.world.server.otherwise = changed(lambda data: data)
    assert target.download().transfer.received == len(range(*target.file.sections[1]))


def test_data_without_end_are_left(target: Target) -> None:
    target.world.server.otherwise = endless
    with pytest.raises(SourceError, match="bytes instead of"):
        target.download()


def test_the_range_asked_for_is_where_reading_ends(target: Target) -> None:
    def more(handler: Handler, data: bytes) -> None:
        start, end = handler.asked(len(data))
        handler.head(206, 1 << 40, Content_Range=f"bytes {start}-{end - 1}/{len(data)}")
        handler.wfile.write(data[start:end] + bytes(1 << 20))

    target.world.server.script = [cut(5000), more]
    assert target.download().transfer.received == target.size


def test_no_range_to_be_had(target: Target) -> None:
    target.world.server.script = [cut(5000), status(416, Content_Range=f"bytes */{target.size}")]
    target.download()
    assert target.ranges[2] is None


def test_progress_counts_bytes(target: Target) -> None:
    seen: list[ProgressEvent] = []
    target.world.server.script = [changed(flip(target.file.sections[1][0]), count=9000), status(404)]
    web = Web(QUICK)
    url = target_url(f"{target.world.server.url}/", target.file.release)
    with pytest.raises(SourceError):
        Download(web, url, target.file.release, target.path).run(seen.append)
    Download(web, url, target.file.release, target.path).run(seen.append)
    web.close()
    assert {(event.phase, event.total) for event in seen} == {(Phase.DOWNLOADING, target.size)}
    assert seen[-1].done == target.size
    assert all(0 <= event.done <= event.total for event in seen)


def test_what_was_noted_of_a_server_may_be_damaged(target: Target) -> None:
    for text in (b"", b"[]", b"\xff"):
        target.path.with_name(f"{target.path.name}.json").write_bytes(text)
        download = target.download()
        download.forget()
    assert not target.path.exists()

from __future__ import annotations

import gzip
import time
from collections.abc import Callable

import pytest
from nntc.errors import SourceError
from nntc.sources import http
from nntc.sources.http import HttpRanges

from tests.sources.server import Handler, Web, partial, status, whole, zipped


def fault(ranges: HttpRanges, offset: int = 1000) -> SourceError:
    with pytest.raises(SourceError) as caught:
        ranges.fetch(offset, 10)
    return caught.value


def refused(url: str) -> str:
    """Return the message of E_SOURCE for a file that cannot be opened."""
    with pytest.raises(SourceError) as caught:
        HttpRanges(url).start(100)
    assert caught.value.id == "E_SOURCE"
    return caught.value.message


def test_ranges(web: Web) -> None:
    ranges = HttpRanges(web.url)
    assert ranges.start(1000) == web.data[:1000]
    assert ranges.size == len(web.data)
    assert ranges.fetch(5000, 70) == web.data[5000:5070]
    assert web.ranges == [(0, 1000), (5000, 70)]
    assert all(headers["accept-encoding"] == "identity" for _, headers in web.requests)
    ranges.close()


def test_a_file_that_is_shorter_than_the_first_range(web: Web) -> None:
    web.data = b"short"
    ranges = HttpRanges(web.url)
    assert ranges.start(1000) == b"short"
    assert ranges.size == 5


def test_an_empty_file(web: Web) -> None:
    web.data = b""
    ranges = HttpRanges(web.url)
    assert (ranges.start(1000), ranges.size) == (b"", 0)


def without_total(handler: Handler) -> None:
    asked = handler.asked() or (0, 1)
    partial(handler, Content_Range=f"bytes {asked[0]}-{asked[1] - 1}/*")


def another_range(handler: Handler) -> None:
    partial(handler, Content_Range=f"bytes 1-2/{len(handler.web.data)}")


def zipped_range(handler: Handler) -> None:
    partial(handler, Content_Encoding="gzip")


def without_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(handler.web.data)


def deflated(handler: Handler) -> None:
    handler.send(200, gzip.compress(handler.web.data), Content_Encoding="x-gzip")


def ranges_refused(handler: Handler) -> None:
    (status(416) if handler.asked() else whole)(handler)


@pytest.mark.parametrize(
    "answer",
    [
        whole, zipped, deflated, without_length, without_total, another_range, zipped_range, ranges_refused
    ],
)  # fmt: skip
def test_the_whole_file_where_a_server_has_no_ranges_of_use(
    answer: Callable[[Handler], None], web: Web
) -> None:
    web.answer = lambda handler: (answer if handler.asked() else partial)(handler)
    ranges = HttpRanges(web.url)
    assert ranges.start(1000) == web.data[:1000]
    assert ranges.size == len(web.data)
    asked = len(web.requests)
    assert asked <= 2
    assert ranges.fetch(200_000, 70) == web.data[200_000:200_070]
    assert len(web.requests) == asked
    ranges.close()


def test_redirects(web: Web) -> None:
    def answer(handler: Handler) -> None:
        if handler.path == "/folder/model.nntc":
            handler.send(302, b"", Location="/other?token=1")
        else:
            partial(handler)

    web.answer = answer
    ranges = HttpRanges(web.url)
    ranges.start(1000)
    assert ranges.fetch(5000, 70) == web.data[5000:5070]
    assert web.ranges[1::2] == [(0, 1000), (5000, 70)]


@pytest.mark.parametrize("place", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
def test_redirects_lead_to_web_servers_only(place: str, web: Web) -> None:
    web.answer = lambda handler: handler.send(302, b"", Location=place)
    assert refused(web.url)


def test_endless_redirects(web: Web) -> None:
    web.answer = lambda handler: handler.send(302, b"", Location=handler.path)
    assert "302" in refused(web.url)


@pytest.mark.parametrize("code", [401, 403, 404, 410, 500, 503])
def test_refusals(code: int, web: Web) -> None:
    web.answer = status(code)
    assert refused(f"{web.url}?token=secret").startswith(f"{web.url}: {code} ")


def test_faults_that_pass_are_tried_again(web: Web) -> None:
    answers = iter([status(503), partial, status(502), status(500), partial])
    web.answer = lambda handler: next(answers)(handler)
    ranges = HttpRanges(web.url)
    assert ranges.start(10) == web.data[:10]
    assert ranges.fetch(20, 10) == web.data[20:30]
    assert len(web.requests) == 5


def test_a_connection_that_ends_early(web: Web) -> None:
    ranges = HttpRanges(web.url)
    ranges.start(10)
    web.answer = lambda handler: handler.send(
        206, b"few", Content_Length=10, Content_Range=f"bytes 1000-1009/{len(web.data)}"
    )
    assert "the connection ended early" in fault(ranges).message
    web.answer = lambda handler: handler.send(200, web.data[:-1], Content_Length=len(web.data))
    assert "the connection ended early" in refused(web.url)
    web.answer = lambda handler: handler.send(200, gzip.compress(web.data)[:-20], Content_Encoding="gzip")
    assert "the connection ended early" in refused(web.url)


def test_an_encoding_that_nobody_has_asked_for(web: Web) -> None:
    web.answer = lambda handler: handler.send(200, b"...", Content_Encoding="br")
    assert "is sent as br" in refused(web.url)


def test_a_server_that_does_not_answer(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_TIMEOUT", 0.05)
    web.answer = lambda _: time.sleep(0.2)
    assert refused(web.url) == f"{web.url}: no answer within 0.05 seconds"
    assert len(web.requests) == 1


def test_nobody_there() -> None:
    assert "refused" in refused("http://127.0.0.1:9/model.nntc")
    assert refused("http://nowhere.invalid/model.nntc")


@pytest.mark.parametrize(
    "url", ["http://", "http:///model.nntc", "https://[bad/x", "http://127.0.0.1:port/x"]
)
def test_what_is_no_url(url: str) -> None:
    assert refused(url)


@pytest.mark.parametrize("header", ["ETag", "Last_Modified"])
def test_a_file_that_is_replaced_while_it_is_read(header: str, web: Web) -> None:
    version = "first"
    web.answer = lambda handler: partial(handler, **{header: version})
    ranges = HttpRanges(web.url)
    ranges.start(10)
    ranges.fetch(1000, 10)
    version = "second"
    assert fault(ranges).id == "E_SOURCE_CHANGED"


def test_a_file_whose_size_changes(web: Web) -> None:
    ranges = HttpRanges(web.url)
    ranges.start(10)
    before, web.data = web.data, web.data[:-1]
    assert fault(ranges).id == "E_SOURCE_CHANGED"
    web.data = before[:500]
    assert fault(ranges).id == "E_SOURCE_CHANGED"
    web.answer = whole
    assert fault(ranges).id == "E_SOURCE_CHANGED"
    web.data = before
    assert ranges.fetch(1000, 10) == before[1000:1010]
    ranges.close()


def test_a_password_is_sent_to_the_server_alone_and_never_shown(web: Web) -> None:
    url = web.url.replace("//", "//user:p%40ss@")
    ranges = HttpRanges(url)
    ranges.start(10)
    assert web.requests[0][1]["authorization"] == "Basic dXNlcjpwQHNz"
    web.answer = status(404)
    assert fault(ranges).message == f"{web.url}: 404 Not Found"


def test_characters_that_a_request_cannot_have(web: Web) -> None:
    HttpRanges(web.url.replace("model", "mödel one%20two")).start(10)
    assert web.requests[0][0] == "/folder/m%C3%B6del%20one%20two.nntc"

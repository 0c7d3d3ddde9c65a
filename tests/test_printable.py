from __future__ import annotations

import io

import pytest
from nntc.errors import FormatError
from nntc.printable import printable, write

HOSTILE = "w\x1b[31m\r\x07\n\u202e\x9b2J\udcff"
ESCAPED = r"w\x1b[31m\r\x07\n\u202e\x9b2J\udcff"


def written(encoding: str, text: str) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    write(stream, text)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_what_is_no_visible_character_is_escaped_once() -> None:
    assert printable(HOSTILE) == ESCAPED == printable(ESCAPED)
    assert printable("层 naïve ─") == "层 naïve ─"


def test_errors_are_one_visible_line() -> None:
    assert str(FormatError("E_NAME", HOSTILE, 3)) == f"E_NAME @ 3: {ESCAPED}"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437"])
def test_what_an_encoding_has_no_character_for_is_written_in_others(encoding: str) -> None:
    assert written(encoding, "权重 ok\n") == "\\u6743\\u91cd ok\n"
    assert written(encoding, "──") == ("──" if encoding == "cp437" else "--")


def test_lines_stay_lines_and_utf_8_is_written_as_it_is() -> None:
    assert written("utf-8", "─权重\na\x1bb\n") == "─权重\na\\x1bb\n"

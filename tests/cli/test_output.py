from __future__ import annotations

import io
import sys

import pytest
from nntc.cli.output import json_text, say, show_notes, show_table


def written(encoding: str, monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, newline=""))
    say(text)
    sys.stdout.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "cp437"])
def test_what_an_encoding_has_no_character_for_is_written_in_others(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written(encoding, monkeypatch, "权重 ok") == "\\u6743\\u91cd ok\n"
    rule = written(encoding, monkeypatch, "──")
    assert rule == ("──\n" if encoding == "cp437" else "--\n")


def test_utf_8_is_written_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert written("utf-8", monkeypatch, "─权重") == "─权重\n"


def test_control_characters_of_a_name_reach_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("", ["name"], [["a\x1b[31mred\r\x07"]])
    show_notes([], [("b\x1b[2J", "cannot be quantized")])
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "a\\x1b[31mred\\r\\x07" in captured.out
    assert "b\\x1b[2J: cannot" in captured.err


def test_twenty_notes_of_one_kind_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    tensors = [(f"w{n}", "is an integer") for n in range(20)]
    show_notes(["first", "first"], [*tensors, ("v", "has infinities"), ("u", "")])
    assert capsys.readouterr().err.splitlines() == [
        "nntc: note: first",
        "nntc: note: 20 tensors (w0, w1, w2, ...): is an integer",
        "nntc: note: v: has infinities",
    ]


def test_tables_are_as_wide_as_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    heads, cells = ["tensor", "role", "bytes"], [["n" * 90, "convolution", "1"]]
    show_table("", heads, cells, left=2)
    assert max(map(len, capsys.readouterr().out.splitlines())) == 80
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "130")
    show_table("", heads, cells, left=2)
    assert max(map(len, capsys.readouterr().out.splitlines())) == 110


def test_json_has_no_numbers_that_json_has_not() -> None:
    text = json_text({"a": float("nan"), "b": [float("inf"), 1.5], "c": (1, "x")})
    assert text == '{\n  "a": null,\n  "b": [\n    null,\n    1.5\n  ],\n  "c": [\n    1,\n    "x"\n  ]\n}\n'

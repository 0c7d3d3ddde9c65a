from __future__ import annotations

import pytest
from nntc.cli.output import json_text, say, show_notes, show_table


def test_lines_are_broken_at_spaces_and_go_on_indented(capsys: pytest.CaptureFixture[str]) -> None:
    path = "folder/" * 14 + "model.onnx"
    say(f"{path}: valid; " + "word " * 30 + "end")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}:"
    assert all(line.startswith("  ") and len(line) <= 80 for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == f"{path}: valid; " + "word " * 30 + "end"


def test_of_wide_characters_half_as_many_fit(capsys: pytest.CaptureFixture[str]) -> None:
    say("权重权重 " * 12)
    assert max(map(len, capsys.readouterr().out.splitlines())) == 44


def test_lines_of_standard_error_stay_one_for_programs_and_are_broken_on_terminals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say("word " * 30, err=True)
    assert len(capsys.readouterr().err.splitlines()) == 1
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    say("word " * 30, err=True)
    assert max(map(len, capsys.readouterr().err.splitlines())) <= 60


def test_control_characters_of_a_name_reach_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table("", ["name"], [["a\x1b[31mred\r\x07"], ["two\nlines"]])
    show_notes([], [("b\x1b[2J", "cannot be quantized")])
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err
    assert "a\\x1b[31mred\\r\\x07" in captured.out
    assert "two\\nlines" in captured.out
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

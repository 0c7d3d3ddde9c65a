from __future__ import annotations

import pytest
from nntc.cli import bar
from nntc.cli.bar import bar_text, progress
from nntc.progress import Phase, ProgressEvent

WORK = ProgressEvent(Phase.CALIBRATING, 1, 4, "sample", 2, 3)


def be_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")


def test_nothing_is_drawn_off_a_terminal() -> None:
    with progress() as callback:
        assert callback is None


def test_nothing_is_drawn_before_work_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    be_a_terminal(monkeypatch)
    with progress() as callback:
        assert callback is not None
        callback(WORK)
    assert capsys.readouterr() == ("", "")


def test_the_line_says_phase_and_pass_and_goes_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    be_a_terminal(monkeypatch)
    monkeypatch.setattr(bar, "_PATIENCE", -1)
    with progress() as callback:
        assert callback is not None
        callback(WORK)
        callback(ProgressEvent(Phase.CHECKING))
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second, blank, end = captured.err.split("\r")[1:]
    assert first == "calibrating 2/3, sample 2 of 4 [#####               ]  25%"
    assert second.rstrip() == "checking"
    assert len(second) == len(first)
    assert (blank.strip(), end) == ("", "")


def test_a_phase_of_unknown_length_has_no_percentage() -> None:
    assert bar_text(ProgressEvent(Phase.CHECKING), 79) == "checking"


@pytest.mark.parametrize("width", [10, 30, 60, 200])
def test_the_line_fits_the_terminal(width: int) -> None:
    outer = ProgressEvent(Phase.SEARCHING, number=3, note="goal missed with 1,234,567 bytes")
    event = ProgressEvent(Phase.ENCODING, 25, 26, "tensor", within=outer)
    text = bar_text(event, width)
    assert len(text) <= width
    assert text.isascii()
    assert text.endswith(" 96%")

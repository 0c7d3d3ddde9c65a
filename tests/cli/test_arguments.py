from __future__ import annotations

from pathlib import Path

import pytest
from nntc.cli.arguments import Parser, check_not_same, count, input_file, output_file, samples_path, size


def parser() -> Parser:
    made = Parser(
        "nntc try",
        """
        Try something.

        Examples:
          nntc try A
    """,
    )
    made.operand("first", "A", str)
    made.operand("second", "B", str, required=False)
    made.jobs()
    made.limits("memory")
    made.json()
    return made


def test_values_in_any_order() -> None:
    for words in (
        ["a", "b", "--json", "-j", "2"],
        ["a", "--json", "b", "-j2"],
        ["-j", "2", "--json", "a", "b"],
    ):
        chosen = parser().parse(words)
        assert (chosen.first, chosen.second, chosen.as_json, chosen.jobs) == ("a", "b", True, 2)
    alone = parser().parse(["a", "--max-memory", "2MiB"])
    assert (alone.second, alone.as_json, alone.jobs, alone.max_memory) == (None, False, 1, 2**21)


def test_help_has_the_description_as_it_is_and_folds_the_options(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit) as ended:
        parser().parse(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "Usage: nntc try [OPTIONS] A [B]\n\n  Try something.\n\n  Examples:\n    nntc try A\n\n"
    )
    assert max(map(len, shown.splitlines())) <= 60
    assert "  -j, --jobs N       Threads to use." in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument 'A'."),
        (["a", "b", "c"], "Got unexpected extra argument: c."),
        (["a", "--fast"], "No such option: --fast."),
        (["a", "--js"], "No such option: --js."),
        (["a", "-j", "0"], "Invalid value for '-j/--jobs': '0' is no number of at least 1."),
        (["a", "--jobs"], "argument -j/--jobs: expected one argument."),
        (
            ["a", "--max-memory", "2 ells"],
            "Invalid value for '--max-memory': '2 ells' is no size; write for "
            "example 1500000, 1500k, 1.5M or 2MiB.",
        ),
    ],
)
def test_wrong_usage(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse(words)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    usage = "Usage: nntc try [OPTIONS] A [B]\nTry 'nntc try --help' for help.\n\nError: "
    assert (captured.out, captured.err) == ("", f"{usage}{message}\n")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1500000", 1_500_000), ("1500k", 1_500_000), ("1.5M", 1_500_000), ("2MiB", 2**21), ("3 GB", 3 * 10**9)],
)
def test_sizes(text: str, wanted: int) -> None:
    assert size(text) == wanted


@pytest.mark.parametrize("text", ["", "-1", "k", "1e6", "1.5.2M", "1 Zebibyte", "0x10"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        size(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", ""])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ValueError, match="no number of at least 1"):
        count(text)


def test_inputs_are_files_that_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with pytest.raises(ValueError, match="No such file"):
        input_file(str(file))
    file.write_bytes(b"")
    assert input_file(str(file)) == samples_path(str(file)) == file
    assert samples_path(str(tmp_path)) == tmp_path
    for wrong in ("-", str(tmp_path), "/dev/null"):
        with pytest.raises(ValueError, match=r"is not supported|is a folder|is not a regular file"):
            input_file(wrong)


def test_outputs_are_places_for_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert output_file(str(file)) == file
    for wrong in ("-", str(tmp_path), "/dev/null", str(tmp_path / "none" / "file")):
        with pytest.raises(
            ValueError, match=r"is not supported|is a folder|is not a regular|there is no folder"
        ):
            output_file(wrong)


def test_output_never_replaces_input(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    check_not_same(tmp_path, file)
    file.write_bytes(b"")
    link.symlink_to(file)
    with pytest.raises(ValueError, match="is the input"):
        check_not_same(file, link)

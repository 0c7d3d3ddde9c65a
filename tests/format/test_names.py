from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.names import Names, folders_of, is_file_name, is_kept_by_windows, without_dots

from conformance.reference_decoder import graph as reference
from conformance.reference_decoder import output

NAMES = st.text(st.sampled_from("./\\:ab \x1f\x7fé"), max_size=12)


@pytest.mark.parametrize(
    "name",
    ["a", "model.onnx.data", "größe", "a b", "-", "x" * 255, "CON", "a..b", "é" * 127, ".hidden", "a/b",
     "...", "c:a", "onnx::MatMul_12", "a.", "a ", 'a*?"<>|', "a/" * 15 + "a", "/".join(["x" * 255] * 4)],
)  # fmt: skip
def test_names_that_may_be_written(name: str) -> None:
    assert is_file_name(name.encode())


@pytest.mark.parametrize(
    "name",
    [
        b"", b".", b"..", b"../a", b"a/../b", b"a/..", b"./a", b"a/./b", b"a/.", b"a\\b", b"..\\a", b"/a",
        b"/", b"a/", b"a//b", b"a\0", b"a\n", b"a\x7f", b"\xff", b"x" * 256, "é".encode() * 128,
        b"\xed\xa0\x80",
        b"a/" * 16 + b"a", b"/".join([b"x" * 255] * 4) + b"/a",
    ],
)  # fmt: skip
def test_names_that_may_not(name: bytes) -> None:
    assert not is_file_name(name)


@given(st.one_of(st.binary(min_size=1, max_size=4), NAMES.map(str.encode)))
def test_names_are_judged_as_the_reference_decoder_does(name: bytes) -> None:
    assert is_file_name(name) == (bool(name) and reference.name_is_allowed(name))


def test_folders_of_a_name_come_from_the_outside_in() -> None:
    assert folders_of("a/b/c") == reference.directories_of("a/b/c") == ["a", "a/b"]
    assert folders_of("a") == []


@pytest.mark.parametrize(
    ("names", "free"),
    [
        (["a", "b", "A"], [True, True, True]),
        (["a/b", "a/c", "ab", "a.b"], [True] * 4),
        (["a", "a"], [True, False]),
        (["a", "a/b"], [True, False]),
        (["a/b/c", "a/b"], [True, False]),
        (["a", "a/b/c"], [True, False]),
    ],
)
def test_a_name_is_no_other_one_and_no_folder_of_another(names: list[str], free: list[bool]) -> None:
    taken = Names()
    assert [taken.add(name) for name in names] == free


@pytest.mark.parametrize("name", ["a", ".a", "a/b", "console", "com", "com10", "lpt.bin", "größe", "a.b c"])
def test_names_that_windows_keeps(name: str) -> None:
    assert is_kept_by_windows(name)
    assert output.windows_keeps(name)


@pytest.mark.parametrize(
    "name", ["a:b", "C:a", "a*", "a?", 'a"', "a<", "a>", "a|", "a.", "a ", "a./b", "con", "CON.bin", "a/nul",
             "Com1", "lpt9.x.y", "com²", "aux .bin", "conout$"]
)  # fmt: skip
def test_names_that_mean_something_else_to_windows(name: str) -> None:
    assert not is_kept_by_windows(name)
    assert not output.windows_keeps(name)


@pytest.mark.parametrize(
    ("location", "name"),
    [("w", "w"), ("./w", "w"), ("././w", "w"), (".//w", "w"), (".w", ".w"), ("../w", "../w"), ("a/./w",) * 2],
)
def test_dots_in_front_of_a_location_do_not_count(location: str, name: str) -> None:
    assert without_dots(location) == name

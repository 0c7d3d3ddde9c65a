from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.format.names import fold, is_plain_file_name

from conformance.reference_decoder import graph as reference


@pytest.mark.parametrize(
    "name", ["a", "model.onnx.data", "größe", "a b", "-", "x" * 255, "CON", "a..b", "é" * 127]
)
def test_plain_names(name: str) -> None:
    assert is_plain_file_name(name.encode())


@pytest.mark.parametrize(
    "name",
    [
        b"", b".", b"..", b".hidden", b"a/b", b"a\\b", b"/a", b"c:a", b"a\0", b"a\n", b"a.", b"a ", b"a\x7f",
        b"\xff", b"a*", b"a?", b'a"', b"a<", b"a>", b"a|", b"x" * 256, "é".encode() * 128, b"\xed\xa0\x80",
    ],
)  # fmt: skip
def test_names_that_are_not_plain(name: bytes) -> None:
    assert not is_plain_file_name(name)


@given(st.binary(min_size=1, max_size=4))
def test_names_are_judged_as_the_specification_says(name: bytes) -> None:
    assert is_plain_file_name(name) == reference.name_is_allowed(name)


@given(st.text(max_size=5))
def test_only_ascii_letters_are_folded(name: str) -> None:
    assert fold(name) == reference.fold(name)


def test_letters_beyond_ascii_keep_their_case() -> None:
    assert fold("ÄA\u0130K\u212a") == "Äa\u0130k\u212a"

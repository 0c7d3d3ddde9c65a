"""Files of other kinds are named for what they are, and models are not taken for anything else."""

from __future__ import annotations

import nntc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError
from nntc.sources.kinds import HEAD, ONNX, kind_of

from tests.sources.wrong_inputs import WRONG, field, onnx_model


@pytest.mark.parametrize("name", WRONG)
def test_a_kind_is_told_from_its_first_bytes(name: str) -> None:
    data, word = WRONG[name]
    kind = kind_of(data[:HEAD])
    assert kind is not None
    assert word in kind
    assert "\n" not in kind


@pytest.mark.parametrize("head", [onnx_model(), b"\x08\x01\x12\5torch", b"\x08\x0a\x3a\0", b"\x08\3\x1a\1a"])
def test_onnx_models_are_onnx_models(head: bytes) -> None:
    assert kind_of(head[:HEAD]) == ONNX


@pytest.mark.parametrize("head", [b"\0", b"\xff" * 9, b"\x0a\5a\0bcd", field(3, b"x\0y"), b"\1\2\3\4" * 9])
def test_other_bytes_are_nothing_known(head: bytes) -> None:
    assert kind_of(head) is None


@given(st.binary(max_size=64))
def test_any_bytes_may_be_asked_for(head: bytes) -> None:
    kind = kind_of(head)
    assert kind is None or "\n" not in kind


@pytest.mark.parametrize("name", WRONG)
def test_a_decoder_says_what_it_was_given_instead(name: str) -> None:
    data, word = WRONG[name]
    with pytest.raises(FormatError) as caught:
        nntc.decode_bytes(data)
    assert caught.value.id == ("E_SIGNATURE" if len(data) >= 8 else "E_TRUNCATED")
    assert word.removesuffix(" file") in caught.value.message


def test_a_decoder_given_a_model_says_what_makes_a_file_of_it() -> None:
    with pytest.raises(FormatError, match="nntc encode") as caught:
        nntc.open(onnx_model())
    assert (caught.value.id, caught.value.offset) == ("E_SIGNATURE", 0)

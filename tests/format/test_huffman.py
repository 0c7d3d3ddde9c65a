from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nntc.errors import FormatError
from nntc.format.fields import SectionStream
from nntc.format.huffman import in_code_order, read_code_lengths, write_code_lengths

from conformance.generator.coders import canonical_codes, even_lengths


@given(st.sets(st.integers(0, 255), min_size=1, max_size=256))
def test_code_lengths_come_back(tokens: set[int]) -> None:
    lengths = np.zeros(256, np.uint8)
    for token, length in even_lengths(sorted(tokens)).items():
        lengths[token] = length
    stream = SectionStream(write_code_lengths(lengths), 0)
    assert read_code_lengths(stream).tolist() == lengths.tolist()
    stream.finish("code lengths")


@given(st.sets(st.integers(0, 255), min_size=1, max_size=40))
def test_the_order_is_that_of_the_codes(tokens: set[int]) -> None:
    expected = even_lengths(sorted(tokens))
    lengths = np.zeros(256, np.uint8)
    for token, length in expected.items():
        lengths[token] = length
    codes = canonical_codes(expected)
    assert [token for token, _ in in_code_order(lengths)] == sorted(tokens, key=lambda t: codes[t])


@pytest.mark.parametrize(
    "data", [b"\xff\x01\x11", b"\x00\x01\x10", b"\x00\x00\x02", b"\x00\x01\x21", b"\x00\x00\x11"]
)
def test_incomplete_codes_are_found(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        read_code_lengths(SectionStream(data, 3))
    assert (caught.value.id, caught.value.offset) == ("E_TABLE", 3)

from __future__ import annotations

import math

import pytest
from nntc.format.fields import SectionStream
from nntc.format.notes import EXACT, NOTES, UNKNOWN, NotesContent, error_of, quality_of


@pytest.mark.parametrize("quality", range(2, 256))
def test_errors_are_coded_in_half_decibels(quality: int) -> None:
    error = error_of(quality)
    assert error is not None
    assert 20 * math.log10(error) == pytest.approx(-(quality - 2) / 2)
    assert quality_of(error) == quality


def test_ends_of_the_scale() -> None:
    assert (quality_of(0), error_of(EXACT), error_of(UNKNOWN)) == (EXACT, 0.0, None)
    assert (quality_of(3.0), quality_of(1e-9)) == (2, 255)


def test_content_comes_back() -> None:
    content = NotesContent(0, 3, b"\0\1\2", 4, b"nntc")
    assert NOTES.read(SectionStream(NOTES.write(content), 0)) == content

"""Content of NOTES comes back; errors keep what a relative error of a thousandth needs."""

from __future__ import annotations

import numpy as np
import pytest
from nntc.format.fields import SectionStream
from nntc.format.notes import NOTES, NotedMeasure, NotedSamples, NotesContent, read_errors, write_errors


def test_errors_come_back() -> None:
    errors = np.array([0, 1e-7, 1e-3, 0.25, 1, 3, 1e9, np.nan])
    found = read_errors(write_errors(errors))
    assert found[0] == 0
    assert found[1] == 2.0**-23 or found[1] == pytest.approx(1e-7, abs=2.0**-25)
    assert found[2:6] == pytest.approx([1e-3, 0.25, 1, 3], rel=2**-11)
    assert found[6:] == [np.inf, None]


def test_only_what_is_exact_has_no_error() -> None:
    assert read_errors(write_errors(np.array([1e-300, 0.0]))) == [2.0**-24, 0.0]


@pytest.mark.parametrize("measured", [(NotedSamples.HELD_OUT, 300, 0.25), (None, None, None)])
def test_content_comes_back(measured: tuple[NotedSamples | None, int | None, float | None]) -> None:
    measure = NotedMeasure.NONE if measured[0] is None else NotedMeasure.KL_DIVERGENCE
    content = NotesContent(0, 2, bytes(4), measure, *measured, 4, b"nntc")
    assert NOTES.read(SectionStream(NOTES.write(content), 0)) == content

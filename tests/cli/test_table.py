from __future__ import annotations

from itertools import product

import pytest
from nntc.cli.table import table_lines

HEADS = ["tensor", "role", "type", "shape", "tool", "bits", "error", "bytes"]
LONG = "model.transformer.encoder.layers.11.self_attention.query_key_value_projection.weight"


def row(name: str) -> list[str]:
    return [name, "normalization", "float32", "3072x768x1x1", "uniform", "12.91", "10.25%", "12,345,678"]


def test_a_table_that_fits_has_a_line_for_each_row() -> None:
    lines = list(table_lines(["name", "size"], [["a", "1"], ["long one", "1,000"]], 1, 80))
    assert lines == ["name       size", "───────────────", "a             1", "long one  1,000"]


@pytest.mark.parametrize(("width", "name"), list(product((40, 60, 80, 120), ("a", LONG, "层" * 60))))
def test_rows_fit_the_width_and_keep_every_character(width: int, name: str) -> None:
    lines = list(table_lines(HEADS, [row(name), row("b")], 5, width))
    text = "".join(lines)
    if width >= 80:  # numbers are never cut, so that a narrow terminal must wrap
        assert all(sum(2 if c == "层" else 1 for c in line) <= width for line in lines)
    for cell in row(name)[5:]:
        assert text.count(cell) == 2
    assert text.count("层") == name.count("层")
    assert name == LONG or LONG not in text
    if name == LONG and width >= len(LONG):
        assert LONG in lines


def test_a_long_name_has_a_line_of_its_own_and_its_row_below() -> None:
    lines = list(table_lines(HEADS, [row(LONG[:79]), row("b")], 5, 80))
    at = lines.index(LONG[:79])
    assert lines[at + 1].startswith("    ")
    assert lines[at + 1].endswith("12,345,678")
    assert lines[-2].startswith("b ") or lines[-1].startswith("b ")


def test_headings_wrap_before_cells_do() -> None:
    lines = list(table_lines(["method", "same top answer"], [["auto", "98.50%"]], 1, 16))
    assert lines == ["        same top", "method    answer", "────────────────", "auto      98.50%"]


def test_a_table_without_rows_is_its_headings() -> None:
    assert list(table_lines(["name", "size"], [], 1, 80)) == ["name  size", "──────────"]

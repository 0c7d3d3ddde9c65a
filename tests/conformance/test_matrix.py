"""Every requirement of SPEC.md has a vector or a reason, and every vector's requirements exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.matrix import REFERENCE_DECODER, main, matrix, places, render, requirements
from tests.conformance.vectors import CONFORMANCE, MANIFEST

TEXT = (CONFORMANCE.parent / "SPEC.md").read_text("utf-8")


def test_every_requirement_has_a_vector_or_a_reason() -> None:
    assert [row.requirement for row in matrix(TEXT, MANIFEST) if not row.is_covered] == []


def test_every_requirement_that_is_named_exists() -> None:
    assert [row.requirement for row in matrix(TEXT, MANIFEST)] == requirements(TEXT)


def test_what_no_file_can_show_has_no_vector() -> None:
    rows = matrix(TEXT, MANIFEST)
    assert [row.requirement for row in rows if row.undecidable and (row.vectors or row.general)] == []


def test_every_requirement_has_a_place_in_the_reference_decoder() -> None:
    rows = matrix(TEXT, MANIFEST, [REFERENCE_DECODER])
    assert [row.requirement for row in rows if not row.places] == []


def test_places_of_a_decoder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.c").write_text("int x;  // R-013, R-014\n\n/* R-013 */\n")
    (tmp_path / "mine" / "b.pyc").write_bytes(b"R-013")
    found = places(tmp_path / "mine")
    assert found == {"R-013": ["mine/a.c:1", "mine/a.c:3"], "R-014": ["mine/a.c:1"]}
    rows = {row.requirement: row for row in matrix(TEXT, MANIFEST, [tmp_path / "mine"])}
    assert rows["R-013"].places == ["mine/a.c:1", "mine/a.c:3"]
    assert "  places     mine/a.c:1, mine/a.c:3\n" in render([rows["R-013"]])


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--short"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("R-001\n  all ")
    assert "R-003\n  no vector  a decoder's documentation\n" in out


def test_the_command_fails_where_a_requirement_has_nothing() -> None:
    rows = matrix(TEXT + "**[R-999]**", MANIFEST)
    assert [row.requirement for row in rows if not row.is_covered] == ["R-999"]
    assert render(rows).endswith("R-999\n  nothing\n")

"""Every requirement of SPEC.md has a place in the code, and what the code cites is in SPEC.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "codec" / "nntc"
TEXT = (ROOT / "SPEC.md").read_text("utf-8")
REQUIREMENTS = re.findall(r"\*\*\[(R-\d{3})\]\*\*", TEXT)
CLAUSES = set(re.findall(r"^##+ (\d+(?:\.\d+)?)\.? ", TEXT, re.M))
APPENDICES = set(re.findall(r"^## Appendix ([A-E])\.", TEXT, re.M))
IMPLEMENTS = re.compile(r"Implements SPEC\.md ([^()]*?)(?: \(([^)]*)\))?\.$", re.S)
OURS = [path for folder in ("format", "decoder") for path in sorted((PACKAGE / folder).rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def numbers(first: str, last: str) -> range:
    return range(int(first), int(last or first) + 1)


def requirements_in(text: str) -> Iterator[str]:
    """Ids in a text, those within a range `R-400 to R-410` too, if they exist."""
    for first, last in re.findall(r"R-(\d{3})(?: to R-(\d{3}))?", text):
        for number in numbers(first, last):
            if f"R-{number:03}" in REQUIREMENTS or str(number) in (first.lstrip("0"), last.lstrip("0")):
                yield f"R-{number:03}"


def docstring_of(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_files_of_the_format_and_the_decoder_say_what_they_implement(path: Path) -> None:
    found = IMPLEMENTS.search(docstring_of(path))
    assert found is not None
    cited = re.findall(r"\d+(?:\.\d+)?", re.sub(r"appendix \w", "", found[1]))
    assert cited or "appendix" in found[1]
    assert set(cited) <= CLAUSES
    assert set(re.findall(r"appendix (\w)", found[1])) <= APPENDICES


def test_every_requirement_that_the_code_cites_exists() -> None:
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        assert set(requirements_in(text)) <= set(REQUIREMENTS), path


def test_every_requirement_has_a_place_that_says_so() -> None:
    places = {
        requirement
        for path in PACKAGE.rglob("*.py")
        if (found := IMPLEMENTS.search(docstring_of(path))) is not None
        for requirement in requirements_in(found[2] or "")
    }
    assert set(REQUIREMENTS) - places == set()


def test_checks_of_fields_have_requirements_of_their_files() -> None:
    for path in (PACKAGE / "format").glob("*.py"):
        said = set(requirements_in(docstring_of(path)))
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        for call in calls:
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("must", "within") and call.args:
                given = call.args[0]
                if isinstance(given, ast.Constant):
                    assert set(str(given.value).split()) <= said, path

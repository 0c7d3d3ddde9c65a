"""The table of promises: each has its tests, and these exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "promises.md").read_text("utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """Cells of the rows of all tables of promises."""
    before = TEXT.split("\n## Not promised\n")[0]
    lines = [line.strip("|").split("|") for line in before.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in cells] for cells in lines if cells[0].strip() != "promise"]


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_promise_names_its_tests() -> None:
    assert len(rows()) > 25
    for promise, proof in rows():
        assert promise.endswith(".")
        assert TEST.findall(proof), promise
        assert TEST.sub("", proof).strip() == "", promise


def test_every_test_that_is_named_exists() -> None:
    for path, name in TEST.findall(TEXT):
        assert name in functions(path), f"{path}::{name}"


def test_documents_lead_to_files_that_exist() -> None:
    for path in (*(ROOT / "docs").glob("*.md"), ROOT / "SECURITY.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
            assert link.startswith("https://") or (path.parent / link).exists(), link

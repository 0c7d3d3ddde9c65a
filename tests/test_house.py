"""The house: files stay short, and modules open with what they are."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 300
QUESTIONS = ("What", "Whether", "How", "Which", "Where", "That")


def sources() -> list[Path]:
    """Python files that belong to the project, built and hidden ones left out."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    skipped = {"build", "dist", "node_modules", "venv"}
    return [path for path in found if not any(p in skipped or p.startswith(".") for p in path.parts)]


def test_files_stay_short() -> None:
    over = {p.as_posix() for p in sources() if (ROOT / p).read_text("utf-8").count("\n") > MOST_LINES}
    assert over == set()


def test_modules_open_with_what_they_are() -> None:
    questions = {}
    for path in sources():
        text = ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))) or ""
        if text.split(" ")[0] in QUESTIONS:
            questions[path.as_posix()] = text.splitlines()[0]
    assert questions == {}

"""Tests mirror the package: tests/<room>/test_<module>.py tests codec/nntc/<room>/<module>.py."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
PACKAGE = ROOT / "codec" / "nntc"
LISTS = tomllib.loads((TESTS / "mirror.toml").read_text("utf-8"))
COVERED: dict[str, str] = LISTS["tested elsewhere"]
WHOLE: dict[str, str] = LISTS["tests of a room"]
OTHER_TREES = {"whole", "reference_models", "benchmarks"}


def has_behaviour(path: Path) -> bool:
    """Whether a module defines a function or method; what only declares has nothing to be tested."""
    return any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(path.read_text("utf-8"))))


def modules() -> set[str]:
    """Modules with behaviour, as paths below the package."""
    found = (path for path in PACKAGE.rglob("*.py") if not path.name.startswith("__"))
    return {path.relative_to(PACKAGE).as_posix() for path in found if has_behaviour(path)}


def room_tests() -> set[str]:
    """Test files in the rooms, as paths below tests."""
    found = (path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))
    return {path.as_posix() for path in found if len(path.parts) > 1 and path.parts[0] not in OTHER_TREES}


def own_test(module: str) -> str:
    path = Path(module)
    return (path.parent / f"test_{path.name}").as_posix()


def test_every_module_has_a_test_of_its_own_or_is_listed() -> None:
    alone = {module for module in modules() if not (TESTS / own_test(module)).exists()}
    assert alone == set(COVERED)


def test_what_is_listed_is_tested_where_the_list_says() -> None:
    for module, places in COVERED.items():
        for place in places.split():
            assert (TESTS / place).exists(), module


def test_every_test_is_that_of_a_module_or_is_listed() -> None:
    strays = set()
    for test in room_tests():
        module = (Path(test).parent / Path(test).name.removeprefix("test_")).as_posix()
        if not (PACKAGE / module).exists() and not (ROOT / module).exists():
            strays.add(test)
    assert strays == set(WHOLE)

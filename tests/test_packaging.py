"""The installed package: its contents, and what it needs."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from nntc.conformance.suite import SuiteError, read_suite, unpack
from nntc.extras import EXTRAS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DECODER = {"numpy", "construct", "zstandard"}
PACKAGES = {"PIL": "pillow", "google": "onnx", "onnx_ir": "onnx-ir"}
"""Imported name -> the package that brings it, where that has another name."""


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    specification = importlib.util.spec_from_file_location("setup_of_nntc", ROOT / "setup.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def names(requirements: list[str]) -> set[str]:
    """Return the packages that requirements name, with those of extras of this project."""
    found = set()
    for requirement in requirements:
        own = re.fullmatch(r"nntc\[(.+)\]", requirement)
        if own:
            for extra in own[1].split(","):
                found |= names(PROJECT["optional-dependencies"][extra])
        else:
            match = re.match(r"[\w-]+", requirement)
            assert match is not None
            found.add(match[0])
    return found


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level names of what a module imports from outside."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules = [node.module]
        for module in modules:
            name = module.partition(".")[0]
            if name not in sys.stdlib_module_names and name != "nntc":
                yield name


def test_an_installation_needs_what_decoding_needs() -> None:
    assert names(PROJECT["dependencies"]) == DECODER


def test_every_package_that_is_imported_has_its_extra() -> None:
    found = {name for path in (ROOT / "codec" / "nntc").rglob("*.py") for name in imports(path)}
    assert found - DECODER <= set(EXTRAS)
    for name, extra in EXTRAS.items():
        assert PACKAGES.get(name, name) in names(PROJECT["optional-dependencies"][extra]), name


def test_modules_for_decoding_import_nothing_else() -> None:
    for folder in ("decoder", "format", "kernels", "sources", "conformance"):
        found = {name for path in (ROOT / "codec" / "nntc" / folder).rglob("*.py") for name in imports(path)}
        assert found <= DECODER | {"fsspec"}, folder


def test_an_installed_suite_is_that_of_the_checkout(setup: ModuleType, tmp_path: Path) -> None:
    packed = tmp_path / "suite.tar.xz"
    packed.write_bytes(setup.pack_suite())
    assert packed.stat().st_size < 500_000
    unpack(packed, tmp_path / "suite")
    suite, own = read_suite(tmp_path / "suite"), read_suite(ROOT / "conformance")
    assert [vector.id for vector in suite.vectors] == [vector.id for vector in own.vectors]
    assert all(
        a.path.read_bytes() == b.path.read_bytes() for a, b in zip(suite.vectors, own.vectors, strict=True)
    )
    assert (tmp_path / "suite" / "LICENSE").read_bytes() == (ROOT / "conformance" / "LICENSE").read_bytes()


def test_a_suite_that_cannot_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "suite.tar.xz").write_bytes(b"not an archive")
    with pytest.raises(SuiteError, match="cannot unpack"):
        unpack(tmp_path / "suite.tar.xz", tmp_path)


def test_the_description_has_no_link_that_leads_nowhere(setup: ModuleType) -> None:
    text = setup.description()
    assert len(text) > 1000
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert all(link.startswith(("https://", "#")) for link in links)


def test_the_source_distribution_has_what_its_tests_read() -> None:
    named = set((ROOT / "MANIFEST.in").read_text("utf-8").split())
    read = {
        word
        for path in (ROOT / "tests").rglob("*.py")
        for word in re.findall(r'ROOT / "([\w.-]+)"', path.read_text("utf-8"))
    }
    assert read - {"codec", "pyproject.toml", "setup.py", "MANIFEST.in"} <= named
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "SPEC.md", "conformance", "tests"} <= named

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nntc
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "reference_models" / "trained"
RECORDS = sorted(FOLDER.glob("*.json"))
NETWORKS = [
    pytest.param(path, name, id=f"{path.stem}.{name}")
    for path in RECORDS
    for name in json.loads(path.read_text(encoding="utf-8"))["networks"]
]


def network(path: Path, name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["networks"][name]
    return record


def test_there_is_nothing_without_a_record() -> None:
    files = {path.name for path in FOLDER.glob("*.nntc")}
    assert files == {f"{param.values[0].stem}.{param.values[1]}.nntc" for param in NETWORKS}  # type: ignore[union-attr]
    assert {path.stem for path in FOLDER.glob("*.md")} == {path.stem for path in RECORDS}


@pytest.mark.parametrize(("path", "name"), NETWORKS)
def test_files_are_those_of_the_record(path: Path, name: str, tmp_path: Path) -> None:
    record, coded = network(path, name), path.with_name(f"{path.stem}.{name}.nntc")
    assert coded.stat().st_size == record["nntc"]
    assert hashlib.sha256(coded.read_bytes()).hexdigest() == record["nntc_sha256"]
    nntc.decode(coded, tmp_path / "model.onnx")
    decoded = (tmp_path / "model.onnx").read_bytes()
    assert hashlib.sha256(decoded).hexdigest() == record["onnx_sha256"]
    assert len(decoded) == record["stages"]["original"]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_record_is_that_of_the_recipe(path: Path) -> None:
    recipe = FOLDER.parent / "recipes" / f"{path.stem}.toml"
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["recipe_sha256"] == hashlib.sha256(recipe.read_bytes()).hexdigest()


@pytest.mark.parametrize(("path", "name"), NETWORKS)
def test_the_card_states_what_the_record_has(path: Path, name: str) -> None:
    record, card = network(path, name), path.with_suffix(".md").read_text(encoding="utf-8")
    assert record["nntc_sha256"] in card
    assert record["onnx_sha256"] in card
    for size in (*record["stages"].values(), record["nntc"]):
        assert f"{size:,}" in card


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_card_states_what_was_measured(path: Path) -> None:
    record, card = json.loads(path.read_text(encoding="utf-8")), path.with_suffix(".md").read_text("utf-8")
    for stage in (*record["stages"], record["quantized_alone"]):
        for measure, value in stage["measures"].items():
            assert (f"{value:.2%}" if measure == "accuracy" else f"{value:.1f}") in card.replace(" %", "%")

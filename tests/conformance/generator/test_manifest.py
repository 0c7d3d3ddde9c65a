"""The manifest: its schema, its patches, and that vectors and manifest are what the generator makes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.generator.__main__ import write
from conformance.generator.cases import pairs
from tests.conformance.vectors import CLASSES, CONFORMANCE, MANIFEST, VECTORS, read

SPEC = (CONFORMANCE.parent / "SPEC.md").read_text("utf-8")
SCHEMA = json.loads((CONFORMANCE / "manifest.schema.json").read_text("utf-8"))
RELEASED = json.loads((CONFORMANCE / "released.json").read_text("utf-8"))
LARGEST = 100_000


def files(folder: Path) -> dict[str, bytes]:
    made = [*(folder / "vectors").rglob("*"), folder / "manifest.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in made if path.is_file()}


def test_the_generator_makes_what_is_committed(tmp_path: Path) -> None:
    write(tmp_path)
    made, committed = files(tmp_path), files(CONFORMANCE)
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


def test_the_manifest_follows_its_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(MANIFEST)


@pytest.mark.parametrize(
    ("vector", "change"),
    [
        ("empty", {"extra": 1}),
        ("empty", {"id": "Two words"}),
        ("empty", {"error": {"id": "E_CRC", "offset": 0}}),
        ("empty", {"max_memory": 1}),
        ("major-2", {"output": []}),
        ("major-2", {"parent": None}),
        ("section-count-0", {"max_memory": None, "max_seconds": None}),
    ],
)
def test_the_schema_is_strict(vector: str, change: Mapping[str, Any]) -> None:
    entry = {k: v for k, v in {**VECTORS[vector], **change}.items() if v is not None}
    assert not Draft202012Validator(SCHEMA).is_valid({**MANIFEST, "vectors": [entry]})


def test_files_are_those_of_the_manifest() -> None:
    assert len(VECTORS) == len(MANIFEST["vectors"])
    for vector in VECTORS.values():
        data = read(vector)
        assert len(data) == vector["size"]
        assert hashlib.sha256(data).hexdigest() == vector["sha256"], vector["id"]
        assert len(data) <= LARGEST, vector["id"]
        assert vector["file"] == f"vectors/{vector['class']}/{vector['id']}.nntc"


def test_small_outputs_stand_in_the_manifest() -> None:
    for vector in VECTORS.values():
        for output in vector.get("output", ()):
            assert ("hex" in output) == (output["size"] <= 256)
            if "hex" in output:
                data = bytes.fromhex(output["hex"])
                assert (len(data), hashlib.sha256(data).hexdigest()) == (output["size"], output["sha256"])


def test_bad_vectors_are_their_parents_with_the_patch() -> None:
    for vector in VECTORS.values():
        if vector["class"] == "valid":
            continue
        assert VECTORS[vector["parent"]]["class"] == "valid"
        data = bytearray()
        parent = read(VECTORS[vector["parent"]])
        at = 0
        for edit in vector["patch"]:
            removed, inserted = bytes.fromhex(edit["remove"]), bytes.fromhex(edit["insert"])
            assert edit["offset"] >= at
            assert parent[edit["offset"] :].startswith(removed)
            assert removed != inserted
            data += parent[at : edit["offset"]] + inserted
            at = edit["offset"] + len(removed)
        assert data + parent[at:] == read(vector), vector["id"]


def classes_of(text: str) -> dict[str, str]:
    """Return the class of each error id in the table of clause 12.2."""
    start = text.index("### 12.2 ")
    rows = re.findall(r"^\| (E_[A-Z0-9_]+) \| (\w+) \|", text[start : text.index("\n### ", start)], re.M)
    return dict(rows)


def test_classes_are_those_of_the_error_ids() -> None:
    classes = classes_of(SPEC)
    for vector in VECTORS.values():
        if vector["class"] != "valid":
            assert vector["class"] == classes[vector["error"]["id"]], vector["id"]
    table = (CONFORMANCE / "README.md").read_text("utf-8")
    listed = {
        error: kind
        for kind in CLASSES
        for error in re.findall(r"E_[A-Z0-9_]+", re.findall(rf"^\| `{kind}` \|.*\|(.*)\|$", table, re.M)[0])
    }
    assert listed == classes


def test_every_error_id_has_a_vector() -> None:
    found = {vector["error"]["id"] for vector in VECTORS.values() if "error" in vector}
    callers = ("caller_limits", "caller_keys")
    limits = [limit for vector in VECTORS.values() for kind in callers for limit in vector.get(kind, ())]
    found |= {limit["error"]["id"] for limit in limits if "error" in limit}
    assert found == set(classes_of(SPEC))


def altered(released: Mapping[str, str]) -> list[str]:
    """Return the ids of released vectors that are not as they were."""
    return [name for name, digest in released.items() if VECTORS.get(name, {}).get("sha256") != digest]


def test_released_vectors_never_change() -> None:
    assert altered(RELEASED) == []
    some = {"empty": VECTORS["empty"]["sha256"], "major-2": "0" * 64, "gone": "0" * 64}
    assert altered(some) == ["major-2", "gone"]


def test_every_two_tools_that_can_meet_do_meet() -> None:
    together = [set(vector["features"]) for vector in VECTORS.values() if len(vector.get("records", ())) == 1]
    wanted = pairs.all_pairs()
    assert len(wanted) > 400
    assert [sorted(pair) for pair in wanted if not any(pair <= features for features in together)] == []

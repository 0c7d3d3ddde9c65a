"""The suite: what a manifest must be and where it is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from nntc.conformance.suite import SuiteError, find_suite, read_suite

from tests.conformance.running import Run, python
from tests.conformance.vectors import CONFORMANCE, MANIFEST


@pytest.mark.parametrize("name", ["missing", "altered", "shorter"])
def test_vectors_that_are_not_right_are_failures(run: Run, tmp_path: Path, name: str) -> None:
    suite = tmp_path / "suite"
    for vector in ("empty", "planes-packed"):
        place = Path("vectors/valid") / f"{vector}.nntc"
        (suite / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CONFORMANCE / place, suite / place)
    entries = [v for v in MANIFEST["vectors"] if v["id"] in ("empty", "planes-packed")]
    (suite / "manifest.json").write_text(json.dumps(MANIFEST | {"vectors": entries}))
    models = {v["id"]: v["output"][0]["hex"] for v in entries}
    decoder = python(tmp_path, f"target.write_bytes(bytes.fromhex({models}[source.stem]))")
    arguments = ["--decoder", decoder, "--suite", suite]
    assert run(*arguments)[0] == 0
    path = suite / "vectors/valid/planes-packed.nntc"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if name == "altered" else data[:-1])
    if name == "missing":
        path.unlink()
    code, text = run(*arguments)
    assert code == 1
    assert "FAIL planes-packed" in text
    assert "  vector: " in text
    (suite / "vectors/valid/empty.nntc").unlink()
    assert run(*arguments)[0] == 2


def test_a_manifest_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(SuiteError, match="no manifest"):
        read_suite(tmp_path)


def test_the_suite_is_found_beside_the_package() -> None:
    assert find_suite() == CONFORMANCE
    assert len(read_suite(CONFORMANCE).vectors) == len(MANIFEST["vectors"])


def test_no_output_file_of_a_vector_is_called_as_the_model() -> None:
    names = {o.name for vector in read_suite(CONFORMANCE).vectors for o in vector.expected.output}
    assert "decoded.onnx" not in {name.lower() for name in names if name}

"""The same bytes on processors of other kinds, for which numpy's libraries add in another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import onnx

from tests import networks

OPTIONS: dict[str, dict[str, object]] = {
    "auto": {},
    "ratio": {"ratio": 6},
    "quality": {"quality": 20},
    "dct": {"method": "dct", "bits": 5},
    "deep": {"method": "deep", "bits": 4, "prune": 0.4},
    "lossless": {"method": "lossless"},
}
KINDS: dict[str, dict[str, str]] = {
    "as it is": {},
    "oldest": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3"},
    "threads": {"OPENBLAS_NUM_THREADS": "2"},
}
ENCODE = """
import hashlib, json, sys, warnings
warnings.simplefilter("ignore")
import nntc
found = {}
for name, options in json.loads(sys.argv[2]).items():
    found[name] = hashlib.sha256(nntc.encode_bytes(sys.argv[1], **options)[0]).hexdigest()
print(json.dumps(found))
"""


def hashes(model: Path, kind: str) -> dict[str, str]:
    """Return hashes of files by option."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **KINDS[kind]}
    words = [sys.executable, "-c", ENCODE, str(model), json.dumps(OPTIONS)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_bytes_of_encodings_without_samples_are_the_same_on_all(tmp_path: Path) -> None:
    onnx.save(networks.decisive(24), tmp_path / "model.onnx")
    found = {kind: hashes(tmp_path / "model.onnx", kind) for kind in KINDS}
    assert all(hashed == found["as it is"] for hashed in found.values()), found

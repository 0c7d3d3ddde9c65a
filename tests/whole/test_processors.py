"""The same bytes on processors of other kinds, for which numpy's libraries add in another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx

from tests import networks

OPTIONS: dict[str, dict[str, object]] = {
    "auto": {},
    "ratio": {"ratio": 6},
    "quality": {"quality": 20},
    "dct": {"method": "dct", "bits": 5},
    "deep": {"method": "deep", "bits": 4, "prune": 0.4},
    "lossless": {"method": "lossless"},
    "calibrated": {"quality": 20, "calibration": "samples.npz"},
    "calibrated ratio": {"ratio": 5, "calibration": "samples.npz"},
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


def hashes(folder: Path, kind: str) -> dict[str, str]:
    """Return hashes of files by option."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **KINDS[kind]}
    words = [sys.executable, "-c", ENCODE, "model.onnx", json.dumps(OPTIONS)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=True, cwd=folder)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_bytes_are_the_same_on_all(tmp_path: Path) -> None:
    """With samples too: onnxruntime, which adds in an order of its own, does so as it is here."""
    onnx.save(networks.decisive(24), tmp_path / "model.onnx")
    coarse = np.random.default_rng(3).normal(0, 3, (24, 3, 4, 4))
    np.savez(tmp_path / "samples.npz", image=np.kron(coarse, np.ones((3, 3))).astype(np.float32))
    found = {kind: hashes(tmp_path, kind) for kind in KINDS}
    assert all(hashed == found["as it is"] for hashed in found.values()), found

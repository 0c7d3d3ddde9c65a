"""The committed manifest and vectors, for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
MANIFEST: dict[str, Any] = json.loads((CONFORMANCE / "manifest.json").read_text("utf-8"))
VECTORS: dict[str, dict[str, Any]] = {vector["id"]: vector for vector in MANIFEST["vectors"]}
CLASSES = ("valid", "malformed", "invalid", "limit", "unsupported", "missing")


def read(vector: dict[str, Any]) -> bytes:
    data: bytes = (CONFORMANCE / vector["file"]).read_bytes()
    return data


def base_of(vector: dict[str, Any]) -> list[bytes]:
    return [(CONFORMANCE / file["file"]).read_bytes() for file in vector.get("base", ())]

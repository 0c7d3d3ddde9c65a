"""Files and models are the same bytes whichever kernels made them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from nntc.decoder.model import decode_bytes
from nntc.demo.run import save
from nntc.encoder.encode import encode_bytes

from tests.kernels.building import results

from .test_coded_again import CLASSIFIER, FIRST

CODERS: dict[str, tuple[bytes, dict[str, Any]]] = {
    **{
        f"dct-{coder}": (CLASSIFIER, {"method": "dct", "bits": 5, "entropy": coder})
        for coder in ("huffman", "rans")
    },
    "lossless": (CLASSIFIER, {"method": "lossless"}),
}
SOME = ("auto-20", "best", "weights", "calibrated", "calibrated-best", "pruned", "rows", "clustering", "deep")


@pytest.mark.parametrize("name", [*SOME, *CODERS])
def test_files_are_the_same(name: str) -> None:
    model, options = {**FIRST, **CODERS}[name]
    first, *others = results(lambda: encode_bytes(model, **options)[0])
    assert all(other == first for other in others)
    first, *others = results(lambda: decode_bytes(first)[None])
    assert all(other == first for other in others)


def test_the_network_of_the_demo_is_the_same(tmp_path: Path) -> None:
    model, calibration, _ = save(tmp_path)
    for options in ({}, {"ratio": 20}, {"ratio": 20, "calibration": calibration}):
        first, *others = results(lambda given=options: encode_bytes(model, **given)[0])  # type: ignore[misc]
        assert all(other == first for other in others)

"""Target files become files of a model."""

from __future__ import annotations

from pathlib import Path

import nntc
import pytest
from nntc.delivery.updates import apply
from nntc.errors import FormatError
from nntc.limits import NO_LIMITS

from tests.delivery.conftest import TUNED, model


def test_an_update_is_decoded_with_its_base(tmp_path: Path) -> None:
    old, new = (model(tmp_path / f"{seed}.onnx", seed, external=True) for seed in (0, TUNED))
    nntc.encode(new, tmp_path / "update.nntc", method="lossless", base=old)
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "net.onnx"
    bases = [tmp_path / "0.bin", old]
    apply(tmp_path / "update.nntc", bases, target, limits=NO_LIMITS)
    assert target.read_bytes() == new.read_bytes()
    assert (tmp_path / "out" / f"{TUNED}.bin").read_bytes() == (tmp_path / f"{TUNED}.bin").read_bytes()
    with pytest.raises(FormatError, match="E_BASE"):
        apply(tmp_path / "update.nntc", [new], target, limits=NO_LIMITS)

"""Commands that make updates, and take them with what they need."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.conftest import Command


def test_an_update_from_its_making_to_the_model(model: Path, nntc: Command) -> None:
    assert nntc("encode", model, "old.nntc").code == 0
    made = nntc(
        "encode", model, "update.nntc", "--base", "old.nntc", "--base-exact", model, "--report", "a.html"
    )
    assert (made.code, made.err) == (0, "")
    assert "same: 1 tensor of" in made.out
    assert Path("update.nntc").stat().st_size <= 500
    assert "This is an update" in Path("a.html").read_text("utf-8")
    assert nntc("decode", "old.nntc", "old.onnx").code == 0
    for base in ("old.nntc", "old.onnx"):
        assert nntc("decode", "update.nntc", "new.onnx", "--base", base).code == 0
        assert Path("new.onnx").read_bytes() == Path("old.onnx").read_bytes()
        assert nntc("verify", "update.nntc", "--base", base).code == 0
        shown = nntc("info", "update.nntc", "--base", base).out
        assert "base" in shown
        assert re.search(r"^same: [24] tensors of [\d,]+ elements, 0 bytes$", shown, re.MULTILINE)
        told = json.loads(nntc("info", "update.nntc", "--base", base, "--json").out)["changes"]
        assert [(one["change"], one["bytes"]) for one in told] == [("same", 0)]
    chained = nntc("decode", "update.nntc", "new.onnx", "--base", "old.nntc", "--via", "update.nntc")
    assert chained.code == 0


def test_an_update_without_its_base(model: Path, nntc: Command) -> None:
    assert nntc("encode", model, "update.nntc", "-m", "lossless", "--base", model).code == 0
    failed = nntc("decode", "update.nntc", "new.onnx")
    assert failed.code == 1
    assert "E_BASE" in failed.err
    assert not Path("new.onnx").exists()


def test_options_of_updates_need_a_base(model: Path, nntc: Command) -> None:
    failed = nntc("encode", model, "update.nntc", "--refine")
    assert failed.code == 2
    assert "base" in failed.err
    assert nntc("encode", model, "update.nntc", "--base", "nowhere.nntc").code == 2

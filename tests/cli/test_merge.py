"""`nntc merge` as a user sees it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.cli.conftest import Command


@pytest.fixture
def files(model: Path, nntc: Command) -> list[str]:
    """A full file and two updates of it."""
    made = onnx.load(model)
    names = ["v0.nntc", "v1.nntc", "v2.nntc"]
    assert nntc("encode", model, names[0]).code == 0
    for number, name in enumerate(names[1:], 1):
        for tensor in made.graph.initializer:
            array = numpy_helper.to_array(tensor)
            moved = array * (1 + 0.001 * np.sin(np.arange(array.size))).reshape(array.shape)
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(array.dtype), tensor.name))
        onnx.save(made, f"v{number}.onnx")
        base = ["--base", "v0.nntc"] if number == 1 else ["--base", "d1.onnx"]
        assert nntc("encode", f"v{number}.onnx", name, *base).code == 0
        via = [] if number == 1 else ["--via", "v1.nntc"]
        assert nntc("decode", name, f"d{number}.onnx", "--base", "v0.nntc", *via).code == 0
    return names


def test_merging(files: list[str], nntc: Command) -> None:
    done = nntc("merge", *files, "-o", "merged.nntc")
    assert done.code == 0
    assert "merged.nntc: " in done.out
    assert "a full file, made of 3 files of" in done.out
    assert nntc("decode", "merged.nntc", "out.onnx").code == 0
    assert Path("out.onnx").read_bytes() == Path("d2.onnx").read_bytes()
    assert nntc("verify", "merged.nntc").code == 0
    found = nntc("merge", *files[1:], "-o", "late.nntc", "--base", "v0.nntc", "--json")
    assert (found.code, found.json["is_update"], found.json["file"]) == (0, True, "late.nntc")
    assert nntc("decode", "late.nntc", "out.onnx", "--base", "v0.nntc").code == 0
    assert Path("out.onnx").read_bytes() == Path("d2.onnx").read_bytes()


@pytest.mark.usefixtures("files")
def test_wrong_usage_and_files_that_do_not_fit(nntc: Command) -> None:
    for words, message in (
        (["v0.nntc", "v1.nntc"], "Missing option '--output'"),
        (["v0.nntc", "-o", "m.nntc"], "two files or more"),
        (["v0.nntc", "v1.nntc", "-o", "v1.nntc"], "is the input"),
        (["v0.nntc", "none.nntc", "-o", "m.nntc"], "cannot open"),
    ):
        failed = nntc("merge", *words)
        assert (failed.code, message in failed.err) == (2, True), failed.err
    failed = nntc("merge", "v0.nntc", "v2.nntc", "-o", "m.nntc")
    assert failed.code == 1
    assert "E_BASE: file 2 is an update of another version than file 1 gives" in failed.err
    assert not Path("m.nntc").exists()

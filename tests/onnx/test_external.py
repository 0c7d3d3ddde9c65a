"""Paths of external data: regular files below the model's folder, and links only where that is allowed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from nntc.errors import ModelError
from nntc.onnx.external import external_path


def refused(model: Path, name: str) -> ModelError:
    with pytest.raises(ModelError) as caught:
        external_path(model, name, 7)
    assert (caught.value.id, caught.value.offset) == ("E_EXTERNAL", 7)
    return caught.value


def test_files_below_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "w").write_bytes(b"w")
    (tmp_path / "inner").symlink_to("a/w")
    for name in ("a/w", "inner"):
        assert external_path(tmp_path / "model.onnx", name) == tmp_path / name


def test_what_is_missing_and_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert "No such file" in refused(tmp_path / "model.onnx", "missing").message
    for name in ("pipe", "folder"):
        assert "not a regular file" in refused(tmp_path / "model.onnx", name).message
    assert "too long" in refused(tmp_path / "model.onnx", "w" * 300).message


@pytest.mark.parametrize("how", ["link", "hard link", "folder"])
def test_links_out_of_the_folder(how: str, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "w").write_bytes(b"secret")
    if how == "hard link":
        (inside / "w").hardlink_to(outside / "w")
    elif how == "link":
        (inside / "w").symlink_to(outside / "w")
    else:
        (inside / "a").symlink_to(outside)
    name = "a/w" if how == "folder" else "w"
    model = inside / "model.onnx"
    assert "--follow-links" in refused(model, name).message
    assert external_path(model, name, follow_links=True).read_bytes() == b"secret"

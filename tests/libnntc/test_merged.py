"""Merged files, through the decoder in C: several records in a section, tables of several files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nntc
import pytest

from tests.encoder.merge.test_compose import chain

from .building import CODERS, LINKED, around, build, core, require_coders


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_coders()
    target = tmp_path_factory.mktemp("merged") / "nntc-c"
    return build([*core(), *around()], target, "-O1", *CODERS, *LINKED)


@pytest.mark.parametrize("seed", range(30, 60))
def test_merged_files(command: Path, tmp_path: Path, seed: int) -> None:
    links = chain(seed, 1 + seed % 4)
    if links[0] in links[1:]:
        return
    (tmp_path / "merged.nntc").write_bytes(nntc.merge_bytes([link.data for link in links])[0])
    words = [command, "decode", tmp_path / "merged.nntc", tmp_path / "out" / "model"]
    (tmp_path / "out").mkdir()
    subprocess.run(list(map(str, words)), check=True, timeout=60)
    for name, data in links[-1].files.items():
        assert (tmp_path / "out" / (name or "model")).read_bytes() == data

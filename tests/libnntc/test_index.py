"""libnntc finds tensors by name, in the memory that a header states, and no more than the index tells."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import nntc
import pytest

from tests.conformance.vectors import CONFORMANCE, VECTORS
from tests.networks import decisive

from .building import CODERS, LINKED, PROGRAMS, around, build, core, require_coders

INDEXED = {vector["file"]: vector["index"] for vector in VECTORS.values() if "index" in vector}


@pytest.mark.parametrize("options", [["-O3"], ["-O2", "-DNNTC_SMALL"]], ids="".join)
def test_every_vector_gives_the_tensors_of_the_manifest(tmp_path: Path, options: list[str]) -> None:
    require_coders()
    command = build([*core(), PROGRAMS / "indexed.c"], tmp_path / "indexed", *options, *CODERS, *LINKED)
    line = [str(command), *INDEXED]
    done = subprocess.run(line, cwd=CONFORMANCE, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    found: dict[str, list[dict[str, object]] | None] = {}
    for file, *words in (line.split("\t") for line in done.stdout.decode().splitlines()):
        if words == ["ABSENT"]:
            found[file] = None
            continue
        name, kind, dims, data = words
        tensor = {
            "name": name,
            "data_type": int(kind),
            "dims": [] if dims == "." else list(map(int, dims.split("x"))),
            "sha256": None if data == "-" else hashlib.sha256(bytes.fromhex(data)).hexdigest(),
        }
        tensors = found.setdefault(file, [])
        assert tensors is not None
        tensors.append(tensor)
    assert found == INDEXED


def test_the_command_lists_tensors_and_extracts_one(tmp_path: Path) -> None:
    require_coders()
    command = build([*core(), *around()], tmp_path / "nntc-c", "-O1", *CODERS, *LINKED)
    data, _ = nntc.encode_bytes(decisive(), index=True)
    file = tmp_path / "model.nntc"
    file.write_bytes(data)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        line = [str(command), *words]
        return subprocess.run(line, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)

    tensors = nntc.open(data).tensors
    listed = run("list", "model.nntc").stdout.splitlines()
    assert len(listed) == len(tensors)
    coded = [name for name, tensor in tensors.items() if tensor.coded_bytes]
    for name, tensor in tensors.items():
        done = run("extract", "model.nntc", name, "t.bin", "--replace")
        assert (done.returncode == 0) == (name in coded)
        if name in coded:
            assert (tmp_path / "t.bin").read_bytes() == tensor.tobytes()
    assert run("extract", "model.nntc", coded[0], "t.bin").returncode == 2  # it is there
    assert run("extract", "model.nntc", "no such tensor", "u.bin").returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.nntc", "nntc-c", "t.bin"]

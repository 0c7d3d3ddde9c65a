"""CMake builds and installs libnntc; in one file it needs nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .building import CODERS, LIBRARY, LINKED, amalgamate, around, build, missing, require_coders
from .test_vectors import run_vectors


def test_cmake_builds_and_installs_library_headers_command_and_pkg_config_file(tmp_path: Path) -> None:
    require_coders()
    cmake = shutil.which("cmake")
    if cmake is None:
        missing("no cmake (Debian: cmake, make)")
    for step in (
        ["-S", LIBRARY, "-B", tmp_path / "build", "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON"],
        ["--build", tmp_path / "build"],
        ["--install", tmp_path / "build", "--prefix", tmp_path / "installed"],
    ):
        done = subprocess.run([cmake, *map(str, step)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr
    found = {path.name for path in (tmp_path / "installed").rglob("*") if path.is_file()}
    assert found == {"libnntc.a", "nntc-c", "nntc.h", "nntc_posix.h", "nntc.pc"}
    version = subprocess.run(
        [tmp_path / "installed" / "bin" / "nntc-c", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("nntc-c ")


def test_the_core_in_one_file_passes_all_valid_vectors(tmp_path: Path) -> None:
    require_coders()
    single = amalgamate(tmp_path / "libnntc.c")
    command = build([single, *around()], tmp_path / "nntc-c", "-O2", *CODERS, *LINKED)
    done = run_vectors(command, "--class", "valid")
    assert done.returncode == 0, done.stdout + done.stderr

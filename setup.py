"""Build steps beyond pyproject.toml: native kernels, the suite as one file, a README without dead links."""

from __future__ import annotations

import io
import lzma
import re
import shutil
import sys
import sysconfig
import tarfile
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SUITE = ("manifest.json", "manifest.schema.json", "LICENSE", "vectors")
KERNELS = ROOT / "codec" / "nntc" / "kernels" / "native"
STABLE = not sysconfig.get_config_var("Py_GIL_DISABLED")
"""Whether one build serves all later versions of Python."""
LINK = re.compile(r"\[([^]]+)\]\((?!https?://|#)([^)]+)\)")


def description() -> str:
    """Return the README with links that work anywhere: to the repository if its address is known, or none."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        source = tomllib.load(file)["project"].get("urls", {}).get("Source", "").rstrip("/")
    text = (ROOT / "README.md").read_text("utf-8")
    return LINK.sub(rf"[\1]({source}/blob/main/\2)" if source else r"\1", text)


def pack_suite() -> bytes:
    """Return the conformance suite as a .tar.xz file, the same bytes for the same files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in SUITE:
            path = ROOT / "conformance" / name
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    entry = tarfile.TarInfo(file.relative_to(ROOT / "conformance").as_posix())
                    entry.size = file.stat().st_size
                    archive.addfile(entry, io.BytesIO(file.read_bytes()))
    return lzma.compress(stream.getvalue(), preset=9)


def kernels() -> Extension:
    """Return the extension module with the native kernels: without it all runs on numpy."""
    return Extension(
        "nntc.kernels.native._native",
        sources=sorted(path.relative_to(ROOT).as_posix() for path in KERNELS.glob("*.c")),
        depends=sorted(path.relative_to(ROOT).as_posix() for path in KERNELS.glob("*.h")),
        py_limited_api=STABLE,
        optional=True,
    )


class BuildKernels(build_ext):
    """Compiles the native kernels where there is a compiler, and says so once where there is none."""

    def build_extension(self, extension: Extension) -> None:
        """Build: the same arithmetic with every compiler, so nothing is contracted or reordered."""
        if self.compiler.compiler_type == "msvc":
            extension.extra_compile_args = ["/O2", "/std:c11", "/fp:precise"]
        else:
            extension.extra_compile_args = ["-std=gnu11", "-O3", "-g0", "-ffp-contract=off"]
            # All functions that take vectors are inline.
            extension.extra_compile_args += ["-fvisibility=hidden", "-Wno-psabi"]
        try:
            super().build_extension(extension)
        except Exception as e:
            sys.stderr.write(f"nntc: native kernels are not built, numpy does their work more slowly: {e}\n")


class Build(build_py):
    """Copies the package as it is now, and the suite."""

    def run(self) -> None:
        """Build."""
        if not self.editable_mode:
            shutil.rmtree(Path(self.build_lib) / "nntc", ignore_errors=True)  # what an earlier build has left
        super().run()
        if not self.editable_mode:
            (Path(self.build_lib) / "nntc" / "conformance" / "suite.tar.xz").write_bytes(pack_suite())


if __name__ == "__main__":
    setup(
        long_description=description(),
        long_description_content_type="text/markdown",
        cmdclass={"build_ext": BuildKernels, "build_py": Build},
        ext_modules=[kernels()],
        options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE else {},
    )

"""Build steps beyond pyproject.toml: the conformance suite as one file, a README without dead links."""

from __future__ import annotations

import io
import lzma
import re
import shutil
import tarfile
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SUITE = ("manifest.json", "manifest.schema.json", "LICENSE", "vectors")
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
        cmdclass={"build_py": Build},
    )

"""All conformance vectors on libnntc, built for other processors and run in emulators.

    apt-get source libzstd bzip2          # their sources are compiled for each platform too
    pip install ziglang                   # one compiler for all of them
    apt-get install qemu-user nodejs
    python -m benchmarks.platforms --sources FOLDER [s390x wasm32 ...]

Writes a table in Markdown: vectors passed, and the size of the core compiled with -Os.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.curves import markdown_table

from .build import PLATFORMS, Platform, build, core_size

ROOT = Path(__file__).parents[2]


def vectors(platform: Platform, folder: Path, jobs: int) -> tuple[int, int]:
    """Return the numbers of vectors that passed and that failed."""
    decoder, report = platform.command(folder), folder / "report.json"
    command = [
        *(sys.executable, str(ROOT / "conformance" / "run.py"), "--require-errors"),
        *("--jobs", str(jobs), "--slow", "50", "--memory", "16G", "--json", str(report)),
        *("--decoder", f"{decoder} {{input}} {{output}}"),
        *("--memory-limited", f"{decoder} --max-memory {{limit}} {{input}} {{output}}"),
        *("--output-limited", f"{decoder} --max-output {{limit}} {{input}} {{output}}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not report.exists():
        raise SystemExit(done.stdout + done.stderr)
    if done.returncode:
        sys.stderr.write(done.stdout)
    found = json.loads(report.read_text("utf-8"))
    return found["passed"], found["failed"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; exit code 1 if a vector failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM", help="default: all")
    parser.add_argument(
        "--sources", type=Path, required=True, help="folder with the sources of both libraries"
    )
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    rows, failures = [], 0
    if unknown := set(options.platforms) - set(PLATFORMS):
        parser.error(f"no such platform: {', '.join(sorted(unknown))}; there are {', '.join(PLATFORMS)}")
    for name in options.platforms or PLATFORMS:
        platform = PLATFORMS[name]
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            build(platform, options.sources, folder)
            passed, failed = vectors(platform, folder, options.jobs)
            code, constants = core_size(platform, folder)
        failures += failed
        runs_in = platform.emulator[0] if platform.emulator else "-"
        rows.append(
            [name, platform.words, runs_in, f"{passed}/{passed + failed}", f"{code:,}", f"{constants:,}"]
        )
        sys.stderr.write(f"{rows[-1]}\n")
    header = ["platform", "words", "run in", "vectors", "code, bytes", "constants, bytes"]
    sys.stdout.write(markdown_table(header, rows) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

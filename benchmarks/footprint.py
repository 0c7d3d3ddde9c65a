"""Cost of decoding beside the work itself: start-up time and memory of `nntc decode`.

    python -m benchmarks.footprint [--weights N] [--keep DIR]

Both against Python with numpy reading the same weights from a raw file: the least that any decoder in Python
with numpy needs. Start-up on a tiny model, the programs taking turns; peak resident memory on a large one.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from nntc.decoder.directory import read_directory
from nntc.sources.source import open_source

from .curves import markdown_table
from .threads import ONE_THREAD

ROOT = Path(__file__).parent.parent
TINY = 2_000
MIB = 2**20
READ_RAW = "import numpy, sys; numpy.fromfile(sys.argv[1], numpy.float32)"
# Linux counts a process's memory to those that it starts, so a small one has to start the one measured.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def make(weights: int, folder: Path) -> Path:
    """Write a synthetic model in several forms; keep those that are there."""
    if not (folder / "model.nntc").exists():
        subprocess.run([sys.executable, "-m", "benchmarks.synthetic", str(weights), str(folder)], check=True)
    return folder


def programs(folder: Path, target: Path) -> dict[str, list[str]]:
    """Return commands by what they are."""
    return {
        "python": [sys.executable, "-c", ""],
        "numpy.fromfile": [sys.executable, "-c", READ_RAW, str(folder / "model.raw")],
        "nntc decode": [sys.executable, "-m", "nntc.cli", "decode", str(folder / "model.nntc"), str(target)],
    }


def seconds(command: Sequence[str]) -> tuple[float, float]:
    """Run a command and return its wall and CPU seconds."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peak_memory(command: Sequence[str]) -> int:
    """Run a command and return its peak resident memory in bytes."""
    measure = [sys.executable, "-I", "-S", "-c", MEASURE, *command]
    return 1024 * int(subprocess.run(measure, check=True, stdout=subprocess.PIPE, text=True).stdout)


def startup_table(commands: dict[str, list[str]], repetitions: int) -> str:
    """Run all commands in turn; return a table of their least wall and CPU seconds."""
    for command in commands.values():  # compiles modules, as installing a package does
        seconds(command)
    turns = [{name: seconds(command) for name, command in commands.items()} for _ in range(repetitions)]
    least = {name: [min(turn[name][kind] for turn in turns) for kind in (0, 1)] for name in commands}
    base = least["numpy.fromfile"]
    rows = [
        [name, f"{1000 * wall:.0f}", f"{wall / base[0]:.2f}", f"{1000 * cpu:.0f}", f"{cpu / base[1]:.2f}"]
        for name, (wall, cpu) in least.items()
    ]
    header = [f"start-up, best of {repetitions}", "wall ms", "/ numpy", "CPU ms", "/ numpy"]
    return markdown_table(header, rows)


def memory_table(commands: dict[str, list[str]], folder: Path, bound: int) -> str:
    """Run all commands; return a table of their peak memory."""
    peaks = {name: peak_memory(command) for name, command in commands.items()}
    peaks["bound that the file declares"] = bound
    rows = [
        [name, f"{size / MIB:,.0f}", f"{size / peaks['numpy.fromfile']:.2f}"] for name, size in peaks.items()
    ]
    raw, coded = ((folder / name).stat().st_size for name in ("model.raw", "model.nntc"))
    title = f"peak memory, {raw // 4:,} weights: {raw / MIB:,.0f} MiB raw, {coded / MIB:,.0f} MiB coded"
    return markdown_table([title, "MiB", "/ numpy"], rows)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=int, default=10**8, help="of the large model")
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--keep", type=Path, help="folder for the models, used again when it holds them")
    options = parser.parse_args()
    os.environ.update(
        ONE_THREAD | {"PYTHONPATH": f"{ROOT / 'codec'}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": ""}
    )
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(temporary, "bytecode"))
        folder = options.keep or Path(temporary)
        tiny, large = make(TINY, folder / "tiny"), make(options.weights, folder / f"{options.weights}")
        target = Path(temporary, "decoded.onnx")
        print(startup_table(programs(tiny, target), options.repetitions), end="\n\n", flush=True)
        bound = read_directory(open_source(large / "model.nntc")[0]).memory_bound()
        print(memory_table(programs(large, target), large, bound))


if __name__ == "__main__":
    main()

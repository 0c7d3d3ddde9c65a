"""Memory and time of encoding and decoding over the size of a model, and of listing very many tensors.

    python -m benchmarks.scale [--gigabytes 0.25 1 3] [--sparse 20] [--tensors 10000 100000]
        [--methods lossless auto] [--jobs 1] [--folder DIR]

Weights are normal numbers in external data, tensors of 4,096 x 4,096 float32. Files of `--sparse` have
holes: of each tensor a 64th are numbers of its own, so that none repeats another, and the rest zeros.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .curves import markdown_table
from .threads import ONE_THREAD

ROOT = Path(__file__).parent.parent
SIDE = 4096
BYTES = 4 * SIDE * SIDE
GIGABYTE = 10**9
MIB = 2**20
# Linux counts a process's memory to those that it starts, so a small one has to start the one measured.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and the most bytes of resident memory and of temporary files, of a command."""

    seconds: float
    memory: int
    temporary: int


def cost(*words: str, folder: Path) -> Cost:
    """Run `nntc` and return what it costs; temporary files go to a folder in `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        environment = {**os.environ, **ONE_THREAD, "TMPDIR": temporary, "PYTHONPATH": str(ROOT / "codec")}
        command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "nntc.cli", *words]
        work = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        with _watched(work.pid, Path(temporary)) as sizes:
            printed, _ = work.communicate()
    if work.returncode:
        raise subprocess.CalledProcessError(work.returncode, command)
    seconds, kibibytes = printed.split()
    return Cost(float(seconds), int(kibibytes) << 10, max(sizes))


@contextmanager
def _watched(process: int, folder: Path) -> Iterator[list[int]]:
    """Note every half second how many bytes a folder's files take, and those without a name of children."""
    ended, sizes = threading.Event(), [0]

    def watch() -> None:
        while not ended.wait(0.5):
            sizes.append(sum(_size(path) for path in folder.rglob("*")) + _nameless(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield sizes
    finally:
        ended.set()
        watcher.join()


def _nameless(process: int) -> int:
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        files = [path for child in children for path in Path(f"/proc/{child}/fd").iterdir()]
    except OSError:
        return 0
    return sum(_size(path, without_name=True) for path in files)


def _size(path: Path, *, without_name: bool = False) -> int:
    try:
        found = path.stat()
    except OSError:
        return 0
    return 512 * found.st_blocks if not without_name or not found.st_nlink else 0


def write_model(folder: Path, count: int, *, sparse: bool) -> Path:
    """Write a model of `count` large tensors."""
    rng = np.random.default_rng(0)
    tensors, nodes = [], []
    with (folder / "weights").open("wb") as data:
        for number in range(count):
            tensor = TensorProto(name=f"w{number}", data_type=TensorProto.FLOAT, dims=[SIDE, SIDE])
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", "weights"), ("offset", number * BYTES), ("length", BYTES)):
                tensor.external_data.add(key=key, value=str(value))
            tensors.append(tensor)
            nodes.append(helper.make_node("MatMul", [f"x{number}", tensor.name], [f"x{number + 1}"]))
            for _ in range(1 if sparse else 64):
                data.write((0.02 * rng.standard_normal(BYTES // 256, np.float32)).tobytes())
            data.seek((number + 1) * BYTES)
        data.truncate(count * BYTES)
    return _saved(folder, nodes, tensors)


def write_many(folder: Path, count: int) -> Path:
    """Write a model of `count` vectors of 32 elements."""
    rng = np.random.default_rng(0)
    tensors = [numpy_helper.from_array(rng.standard_normal(32, np.float32), f"w{n}") for n in range(count)]
    nodes = [helper.make_node("Add", [f"x{n}", f"w{n}"], [f"x{n + 1}"]) for n in range(count)]
    return _saved(folder, nodes, tensors)


def _saved(folder: Path, nodes: list[onnx.NodeProto], tensors: list[TensorProto]) -> Path:
    graph = helper.make_graph(
        nodes,
        "scale",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info(f"x{len(nodes)}", TensorProto.FLOAT, None)],
        tensors,
    )
    (folder / "model.onnx").write_bytes(helper.make_model(graph, ir_version=10).SerializeToString())
    return folder / "model.onnx"


def codings(
    path: Path, gigabytes: float, what: str, methods: Sequence[str], jobs: int
) -> Iterator[dict[str, str]]:
    """Measure encoding by several methods, and decoding."""
    for method in methods:
        coded, decoded = path.with_name("coded.nntc"), path.parent / "decoded"
        words = ["encode", str(path), str(coded), "--method", method, "--jobs", str(jobs)]
        found = cost(*words, folder=path.parent)
        yield _row(f"{gigabytes:.2f} GB{what}", f"encode {method}", found, gigabytes, coded)
        decoded.mkdir()
        words = ["decode", str(coded), str(decoded / "model.onnx"), "--jobs", str(jobs)]
        found = cost(*words, folder=path.parent)
        yield _row(f"{gigabytes:.2f} GB{what}", f"decode {method}", found, gigabytes, coded)
        shutil.rmtree(decoded)


def _row(weights: str, work: str, found: Cost, gigabytes: float, coded: Path) -> dict[str, str]:
    return {
        "weights": weights,
        "work": work,
        "CPU s": f"{found.seconds:,.0f}",
        "s / GB": f"{found.seconds / gigabytes:.1f}",
        "peak MiB": f"{found.memory / MIB:,.0f}",
        "in TMPDIR, MiB": f"{found.temporary / MIB:,.0f}",
        "file, MB": f"{coded.stat().st_size / 1e6:,.1f}",
    }


def many(folder: Path, count: int) -> dict[str, str]:
    """Measure a model of many small tensors."""
    path, coded = write_many(folder, count), folder / "coded.nntc"
    encoded = cost("encode", str(path), str(coded), "--method", "lossless", folder=folder)
    listed = cost("info", str(coded), folder=folder)
    return {
        "tensors": f"{count:,}",
        "encode, CPU s": f"{encoded.seconds:.1f}",
        "encode, MiB": f"{encoded.memory / MIB:,.0f}",
        "info, CPU s": f"{listed.seconds:.1f}",
        "info, MiB": f"{listed.memory / MIB:,.0f}",
    }


def _table(rows: list[dict[str, str]]) -> str:
    return markdown_table(list(rows[0]), [list(row.values()) for row in rows])


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, nargs="*", default=[0.25, 1, 3])
    parser.add_argument("--sparse", type=float, nargs="*", default=[20])
    parser.add_argument("--tensors", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--methods", nargs="*", default=["lossless", "auto"])
    parser.add_argument("--jobs", type=int, default=1, help="threads")
    parser.add_argument("--folder", type=Path, help="where models and temporary files go")
    options = parser.parse_args()
    rows: list[dict[str, str]] = []
    for sizes, sparse in ((options.gigabytes, False), (options.sparse, True)):
        for size in sizes:
            with tempfile.TemporaryDirectory(dir=options.folder) as name:
                count = max(round(size * GIGABYTE / BYTES), 1)
                path = write_model(Path(name), count, sparse=sparse)
                what = ", sparse" if sparse else ""
                for row in codings(path, count * BYTES / GIGABYTE, what, options.methods, options.jobs):
                    rows.append(row)
                    print(_table(rows), flush=True)
    rows = []
    for count in options.tensors:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            rows.append(many(Path(name), count))
            print(_table(rows), flush=True)


if __name__ == "__main__":
    main()

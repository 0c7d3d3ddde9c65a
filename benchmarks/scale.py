"""Memory and time of encoding over the size of a model, and of listing very many tensors.

    python -m benchmarks.scale [--gigabytes 0.25 1 3] [--sparse 20] [--tensors 10000 100000] [--folder DIR]

Weights are normal numbers in external data, tensors of 4,096 x 4,096 float32. Files of `--sparse` have
holes: a model larger than the disk, each tensor with some numbers of its own so that none repeats another.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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
    """CPU seconds and the largest resident memory, bytes, of a command."""

    seconds: float
    memory: int


def cost(*words: str, folder: Path) -> Cost:
    """Run `nntc` and return what it costs; temporary files go to `folder`."""
    environment = {**os.environ, **ONE_THREAD, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT / "codec")}
    command = [sys.executable, "-c", MEASURE, sys.executable, "-m", "nntc.cli", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    seconds, kibibytes = done.stdout.split()
    return Cost(float(seconds), int(kibibytes) << 10)


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
            for _ in range(1 if sparse else 16):
                data.write((0.02 * rng.standard_normal(BYTES // 64, np.float32)).tobytes())
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


def encodings(path: Path, gigabytes: float, what: str) -> Iterator[dict[str, str]]:
    """Measure both kinds of encoding."""
    for method in ("lossless", "auto"):
        coded = path.with_name("coded.nntc")
        found = cost("encode", str(path), str(coded), "--method", method, folder=path.parent)
        yield {
            "weights": f"{gigabytes:.2f} GB{what}",
            "method": method,
            "CPU s": f"{found.seconds:,.0f}",
            "s / GB": f"{found.seconds / gigabytes:.1f}",
            "peak MiB": f"{found.memory / MIB:,.0f}",
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
    parser.add_argument("--folder", type=Path, help="where models and temporary files go")
    options = parser.parse_args()
    rows: list[dict[str, str]] = []
    for sizes, sparse in ((options.gigabytes, False), (options.sparse, True)):
        for size in sizes:
            with tempfile.TemporaryDirectory(dir=options.folder) as name:
                count = max(round(size * GIGABYTE / BYTES), 1)
                path = write_model(Path(name), count, sparse=sparse)
                rows += encodings(path, count * BYTES / GIGABYTE, ", sparse" if sparse else "")
                print(_table(rows), flush=True)
    rows = []
    for count in options.tensors:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            rows.append(many(Path(name), count))
            print(_table(rows), flush=True)


if __name__ == "__main__":
    main()

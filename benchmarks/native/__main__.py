"""Decoding by libnntc on one thread, in memory, with every checksum and digest.

    python -m benchmarks.native --data DIR --peer-python PATH [googlenet ...]

Beside it: the Python decoder, NNCodec at about equal size, zstd, a copy of the model and its SHA-256. All
take turns, so that whatever else the machine does meets all of them, and the least CPU seconds of each count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is loaded

import onnx
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes

from benchmarks import arguments
from benchmarks.curves import markdown_table
from benchmarks.speed import nncodec
from benchmarks.tensors import arrays
from benchmarks.timing import timed

LIBRARY = Path(__file__).parents[2] / "codec" / "libnntc"
COMPILER = ("cc", "-std=c11", "-O3", "-ffp-contract=off", "-DNNTC_WITH_ZSTD", "-DNNTC_WITH_BZIP2")
QUALITY = 30
QP = {"googlenet": -34, "mobilenetv2": -34, "squeezenet1.1": -33}
"""NNCodec's parameter at which its files are about as large."""
ACTIONS = ("decode", "tensors", "exact", "zstd", "memcpy", "sha256")


@contextmanager
def clock(folder: Path, *files: Path) -> Iterator[Callable[[str], float]]:
    """Build and start the program in C; give a function that has it do something and returns CPU seconds."""
    sources = [str(path) for part in ("src", "kernels") for path in sorted((LIBRARY / part).glob("*.c"))]
    sources += [str(LIBRARY / "posix" / name) for name in ("heap.c", "block.c")]
    sources.append(str(Path(__file__).parent / "clock.c"))
    options = [
        f"-I{LIBRARY / 'include'}",
        f"-I{LIBRARY / 'src'}",
        "-lzstd",
        "-lbz2",
        "-o",
        str(folder / "clock"),
    ]
    subprocess.run([*COMPILER, *sources, *options], check=True)
    command = [str(folder / "clock"), *map(str, files)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise RuntimeError("no pipes to the program")

        def ask(request: str) -> float:
            requests.write(request + "\n")
            return float(json.loads(answers.readline())["cpu_s"])

        yield ask
        requests.close()


def measure(name: str, model: Path, python: Path | None, turns: int) -> list[list[str]]:
    """Return the table's rows for one network."""
    content = model.read_bytes()
    weights = sum(values.size for values in arrays(onnx.load(model)).values())
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        coded, exact = folder / "coded.nntc", folder / "exact.nntc"
        coded.write_bytes(encode_bytes(content, quality=QUALITY)[0])
        exact.write_bytes(encode_bytes(content, method="lossless")[0])
        native = stack.enter_context(clock(folder, coded, exact, model))
        peer = stack.enter_context(nncodec(python, model, QP[name])) if python else None
        peer_size = peer("encode")["bytes"] if peer else 0
        data = coded.read_bytes()
        times: dict[str, list[float]] = {key: [] for key in (*ACTIONS, "python", "peer")}
        for _ in range(turns):
            for action in ACTIONS:
                times[action].append(native(action))
            times["python"].append(timed(lambda: decode_bytes(data))[1].cpu)
            if peer:
                times["peer"].append(peer("decode")["cpu_s"])
        least = {key: min(values) for key, values in times.items() if values}
        sizes = {"decode": coded.stat().st_size, "exact": exact.stat().st_size, "peer": peer_size}
    names = {
        "decode": f"libnntc, quality {QUALITY}",
        "tensors": "the same, tensors alone",
        "python": "nntc in Python",
        "peer": f"NNCodec, qp {QP[name]}",
        "exact": "libnntc, lossless",
        "zstd": "zstd -19",
        "memcpy": "memcpy",
        "sha256": "SHA-256",
    }
    return [
        [
            name,
            label,
            f"{sizes[key]:,}" if key in sizes else "",
            f"{least[key] * 1e3:.1f}",
            f"{weights / least[key] / 1e6:.0f}",
            f"{least[key] / least['decode']:.2f}",
        ]
        for key, label in names.items()
        if key in least
    ]


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = arguments.parser(__doc__)
    parser.add_argument("networks", nargs="*", default=list(QP), metavar="NETWORK")
    parser.add_argument("--peer-python", type=Path, help="NNCodec's interpreter; without it is left out")
    parser.add_argument("--turns", type=int, default=15)
    options = parser.parse_args(given)
    rows = []
    if unknown := set(options.networks) - set(QP):
        parser.error(f"no such network: {', '.join(sorted(unknown))}; there are {', '.join(QP)}")
    for name in options.networks:
        model = arguments.data_folder(options) / "models" / f"{name}.onnx"
        rows += measure(name, model, options.peer_python, options.turns)
    header = ["network", "decoded by", "bytes", "CPU ms", "M weights/s", "/ libnntc"]
    sys.stdout.write(markdown_table(header, rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

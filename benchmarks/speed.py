"""Speed of nntc on one thread: beside NNCodec on GoogLeNet, and over the size of a model.

    python -m benchmarks.speed --data DIR --peer-python PATH
    python -m benchmarks.speed --only scaling --weights 1000000 10000000 100000000

GoogLeNet is coded at about equal KL divergence of the outputs. The two programs take turns, so that whatever
else the machine does meets both, and the least CPU seconds of each count. nntc goes from an ONNX file
in memory to its own and back, with every checksum and hash; NNCodec from float tensors to a stream and back.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is loaded

import onnx
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes

from . import arguments
from .curves import markdown_table
from .synthetic import dense_model, dense_weights
from .tensors import arrays
from .timing import timed

ROOT = Path(__file__).parent.parent
NETWORK = "googlenet"
PAPER = ("Laude et al., dct, their machine", 29.0, 7.6)
"""Encode and decode seconds for GoogLeNet as published."""


@dataclass(frozen=True)
class Cost:
    """Bytes, and the least CPU seconds to encode and decode."""

    size: int
    encode: float
    decode: float


@contextmanager
def nncodec(python: Path, model: Path, qp: int) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Start the peer; give a function that has it `encode` or `decode` and returns its answer."""
    command = [str(python), "-m", "benchmarks.peers.nncodec_speed", str(model.resolve()), "--qp", str(qp)]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'codec'}{os.pathsep}{ROOT}"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, env=environment, cwd=ROOT, **pipes) as process:
        requests, answers = process.stdin, process.stdout
        if requests is None or answers is None:
            raise RuntimeError("no pipes to the peer")

        def ask(request: str) -> dict[str, Any]:
            requests.write(request + "\n")
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield ask
        requests.close()


def side_by_side(
    model: Path, quality: float, peer: Callable[[str], dict[str, Any]], turns: int
) -> tuple[Cost, Cost]:
    """Let nntc and the peer encode `turns` times and decode three times as often, in turn."""
    content = model.read_bytes()
    times: dict[str, list[float]] = {key: [] for key in ("encode", "decode", "peer encode", "peer decode")}
    coded, size = b"", 0
    for _ in range(turns):
        (coded, _), seconds = timed(lambda: encode_bytes(content, quality=quality))
        answer = peer("encode")
        size = answer["bytes"]
        times["encode"].append(seconds.cpu)
        times["peer encode"].append(answer["cpu_s"])
    for _ in range(3 * turns):
        times["decode"].append(timed(lambda: decode_bytes(coded))[1].cpu)
        times["peer decode"].append(peer("decode")["cpu_s"])
    least = {key: min(values) for key, values in times.items()}
    return (
        Cost(len(coded), least["encode"], least["decode"]),
        Cost(size, least["peer encode"], least["peer decode"]),
    )


def comparison(model: Path, python: Path, quality: float, qp: int, turns: int) -> str:
    """Measure one network beside NNCodec; return a table."""
    with nncodec(python, model, qp) as peer:
        ours, theirs = side_by_side(model, quality, peer, turns)
        name = f"{peer('decode')['codec']}, qp {qp}"
    weights = sum(values.size for values in arrays(onnx.load(model)).values())

    def row(label: str, size: str, encode: float, decode: float) -> list[str]:
        speeds = [f"{weights / seconds / 1e6:.2f}" for seconds in (encode, decode)]
        return [label, size, f"{encode:.2f}", speeds[0], f"{decode:.3f}", speeds[1]]

    encode, decode = (f"{theirs.encode / ours.encode:.2f}x", f"{theirs.decode / ours.decode:.2f}x")
    rows = [
        row(f"nntc auto, quality {quality:g}", f"{ours.size:,}", ours.encode, ours.decode),
        row(name, f"{theirs.size:,}", theirs.encode, theirs.decode),
        ["nntc / NNCodec: bytes, speed", f"{ours.size / theirs.size:.1%}", encode, "", decode, ""],
        row(PAPER[0], "-", *PAPER[1:]),
    ]
    header = [f"{NETWORK}, one thread", "bytes", "encode s", "M weights/s", "decode s", "M weights/s"]
    return markdown_table(header, rows)


def scaling(sizes: Sequence[int], turns: int) -> str:
    """Encode and decode synthetic models of growing size; return a table of seconds per weight."""
    rows = []
    first: tuple[float, float] | None = None
    for size in sizes:
        weights = dense_weights(size)
        count = sum(values.size for values in weights)
        content = dense_model(weights)
        del weights
        (coded, _), encode = timed(partial(encode_bytes, content))
        # A small model decodes in milliseconds: repeat it more often.
        _, decode = timed(partial(decode_bytes, coded), turns if count > 5e7 else 5 * turns)
        each = encode.cpu / count * 1e9, decode.cpu / count * 1e9
        first = first or each
        row = [f"{count:,}", f"{len(content) / len(coded):.2f}", f"{encode.cpu:.2f}", f"{each[0]:.0f}"]
        row += [f"{each[0] / first[0]:.2f}"]
        row += [f"{decode.cpu:.3f}", f"{each[1]:.1f}", f"{each[1] / first[1]:.2f}"]
        rows.append(row)
        print(f"{count:,} weights done", file=sys.stderr)
    header = ["weights", "factor", "encode s", "ns/weight", "/ linear", "decode s", "ns/weight", "/ linear"]
    return markdown_table(header, rows)


def main() -> None:
    """Print both tables."""
    parser: argparse.ArgumentParser = arguments.parser(__doc__)
    parser.add_argument("--peer-python", type=Path, help="interpreter (default: NNTC_PEER_PYTHON)")
    parser.add_argument("--only", choices=["peer", "scaling"], help="one of the two tables")
    parser.add_argument("--quality", type=float, default=20)
    parser.add_argument("--qp", type=int, default=-28)
    parser.add_argument("--turns", type=int, default=3, help="times to encode; decoding three times as often")
    parser.add_argument("--weights", type=int, nargs="+", default=[10**6, 10**7, 10**8])
    options = parser.parse_args()
    if options.only != "scaling":
        model = arguments.data_folder(options) / "models" / f"{NETWORK}.onnx"
        python = arguments.path_or_environment(options.peer_python, "--peer-python", "NNTC_PEER_PYTHON")
        print(comparison(model, python, options.quality, options.qp, options.turns), end="\n\n", flush=True)
    if options.only != "peer":
        print(scaling(options.weights, options.turns))


if __name__ == "__main__":
    main()

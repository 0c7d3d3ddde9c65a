"""Encoding and decoding in Python on one thread: native kernels beside numpy's, and NNCodec.

    python -m benchmarks.kernels --data DIR --peer-python PATH [googlenet ...]

All take turns, so that whatever else the machine does meets all of them, and the least CPU seconds of each
count. nntc goes from an ONNX file in memory to its own and back, with every checksum and hash; NNCodec, at
about equal size, from float tensors to a stream and back. Both kernels must give the same bytes.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from pathlib import Path

from benchmarks.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is loaded

from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.kernels.choice import NAMES, using

from benchmarks import arguments
from benchmarks.curves import markdown_table
from benchmarks.native.__main__ import QP, QUALITY
from benchmarks.speed import nncodec
from benchmarks.timing import timed

HEADER = ["network", "by", "bytes", "encode s", "speed", "decode ms", "speed"]


def rows(name: str, model: Path, python: Path, turns: int) -> list[list[str]]:
    """Measure a network; return lines of the table."""
    content = model.read_bytes()
    least: dict[tuple[str, str], float] = defaultdict(lambda: math.inf)
    coded, sizes = b"", {"NNCodec": 0}

    def note(by: str, what: str, seconds: float) -> None:
        least[by, what] = min(least[by, what], seconds)

    with nncodec(python, model, QP[name]) as peer:
        for turn in range(turns):
            for kernels in NAMES:
                with using(kernels):
                    if turn % 3 == 0:
                        (made, _), seconds = timed(lambda: encode_bytes(content, quality=QUALITY))
                        if coded and made != coded:
                            raise RuntimeError("kernels give different files")
                        coded, sizes[kernels] = made, len(made)
                        note(kernels, "encode", seconds.cpu)
                    decoded, seconds = timed(lambda: decode_bytes(coded))  # noqa: B023 - at once
                    note(kernels, "decode", seconds.cpu)
                    if len(decoded[None]) != len(content):
                        raise RuntimeError("a model comes back with another size")
            if turn % 3 == 0:
                answer = peer("encode")
                sizes["NNCodec"] = answer["bytes"]
                note("NNCodec", "encode", answer["cpu_s"])
            note("NNCodec", "decode", peer("decode")["cpu_s"])

    def row(by: str, label: str) -> list[str]:
        times = [least[by, what] for what in ("encode", "decode")]
        encode, decode = (f"{least['NNCodec', what] / least[by, what]:.1f}x" for what in ("encode", "decode"))
        return [name, label, f"{sizes[by]:,}", f"{times[0]:.2f}", encode, f"{1000 * times[1]:.1f}", decode]

    labels = {kernels: f"nntc auto, quality {QUALITY}, {kernels}" for kernels in NAMES}
    return [row(by, label) for by, label in {**labels, "NNCodec": f"NNCodec, qp {QP[name]}"}.items()]


def main() -> None:
    """Print the table."""
    parser = arguments.parser(__doc__)
    parser.add_argument("networks", nargs="*", default=list(QP), metavar="NETWORK")
    parser.add_argument("--peer-python", type=Path, help="interpreter (default: NNTC_PEER_PYTHON)")
    parser.add_argument("--turns", type=int, default=9, help="times to decode; encoding a third as often")
    options = parser.parse_args()
    python = arguments.path_or_environment(options.peer_python, "--peer-python", "NNTC_PEER_PYTHON")
    folder = arguments.data_folder(options) / "models"
    table = [
        row for name in options.networks for row in rows(name, folder / f"{name}.onnx", python, options.turns)
    ]
    print(markdown_table(HEADER, table))


if __name__ == "__main__":
    main()

"""Cost of reading a file's tensors one by one, and all together, beside decoding it as a whole.

    python -m benchmarks.access squeezenet1.1 silero_vad --data DIR
    python -m benchmarks.access --file model.nntc

Least CPU seconds of one thread. Reading includes opening the file and finding its tensors in the graph.
"""

from __future__ import annotations

import os
from pathlib import Path

from .threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before numpy is loaded

import nntc

from . import arguments
from .curves import markdown_table
from .timing import timed

_NETWORKS = ["crepe_tiny", "silero_vad", "squeezenet1.1", "ch_PP-OCRv4_rec_infer", "mobilenetv2", "googlenet"]


def one_by_one(data: bytes) -> None:
    with nntc.open(data) as container:
        for tensor in container.tensors.values():
            tensor.array()


def together(data: bytes) -> None:
    with nntc.open(data) as container:
        container.arrays()


def opened(data: bytes) -> int:
    with nntc.open(data) as container:
        return len(container.tensors)


def row(name: str, data: bytes, repetitions: int) -> list[str]:
    """Return a line of the table."""
    _, whole = timed(lambda: nntc.decode_bytes(data), repetitions)
    tensors, opening = timed(lambda: opened(data), repetitions)
    _, alone = timed(lambda: one_by_one(data), repetitions)
    _, batch = timed(lambda: together(data), repetitions)
    return [
        name,
        f"{tensors:,}",
        *(f"{1000 * seconds.cpu:.0f}" for seconds in (whole, opening, alone, batch)),
        f"{alone.cpu / whole.cpu:.2f}",
        f"{batch.cpu / whole.cpu:.2f}",
    ]


def main() -> None:
    parser = arguments.parser(__doc__)
    parser.add_argument("networks", nargs="*", default=_NETWORKS, help="names of models in the data folder")
    parser.add_argument("--file", type=Path, action="append", default=[], help="a .nntc file instead")
    parser.add_argument("--repetitions", type=int, default=7)
    chosen = parser.parse_args()
    rows = [row(path.name, path.read_bytes(), chosen.repetitions) for path in chosen.file]
    for name in [] if chosen.file else chosen.networks:
        model = arguments.data_folder(chosen) / "models" / f"{name}.onnx"
        rows.append(row(name, nntc.encode_bytes(model)[0], chosen.repetitions))
    heads = ["network", "tensors", "decode, ms", "open, ms", "one by one, ms", "arrays(), ms"]
    print(markdown_table([*heads, "one by one / decode", "arrays() / decode"], rows))


if __name__ == "__main__":
    main()

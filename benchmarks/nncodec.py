"""Rate and accuracy of NNCodec, the reference software of ISO/IEC 15938-17, on the benchmark networks.

    python -m benchmarks.nncodec NETWORK... --data DIR --peer-python PATH --qp -36 -32 -28 -24 --out FILE

NNCodec needs an environment of its own: `python -m venv DIR && DIR/bin/pip install nncodec onnx`. Its stream
holds the float32 tensors alone, no graph, so its compression factors are slightly flattered.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from . import arguments
from .curves import Point, append_point, curves_table, points_table
from .imagenet import PREPROCESSING, Evaluator
from .threads import ONE_THREAD

ROOT = Path(__file__).parent.parent
DETAILS = (
    "qp",
    "bits_per_weight",
    "snr_db",
    "encode_wall_s",
    "encode_cpu_s",
    "decode_wall_s",
    "decode_cpu_s",
)


def code(
    python: Path, model: Path, qps: Sequence[int], *, folder: Path, dq: bool = True
) -> Iterator[dict[str, Any]]:
    """Encode and decode a model in the peer's environment, one row of measurements per qp.

    The decoded ONNX files are left in `folder`; see `peers/nncodec_run.py` for the keys of a row.
    """
    command = [str(python), "-m", "benchmarks.peers.nncodec_run", str(model.resolve())]
    command += ["--save", str(folder.resolve())]
    command += ["--qp", *map(str, qps), *([] if dq else ["--no-dq"])]
    environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for line in done.stdout.splitlines():
        yield json.loads(line)


def measure(
    python: Path, evaluator: Evaluator, qps: Sequence[int], *, folder: Path, dq: bool = True
) -> Iterator[Point]:
    """Measure one network at several qp."""
    for row in code(python, evaluator.path, qps, folder=folder, dq=dq):
        yield Point(
            network=row["network"],
            codec=row["codec"] + ("" if row["dq"] else " without dq"),
            label=f"qp {row['qp']}",
            size=row["bytes"],
            original_size=evaluator.path.stat().st_size,
            metrics=evaluator.measure(Path(row["decoded"])),
            original=evaluator.original,
            details={key: row[key] for key in DETAILS},
        )


def main() -> None:
    """Measure networks and print two tables."""
    parser = arguments.parser(__doc__)
    parser.add_argument("networks", nargs="+", choices=sorted(PREPROCESSING))
    parser.add_argument("--peer-python", type=Path, help="interpreter (default: NNTC_PEER_PYTHON)")
    parser.add_argument("--qp", type=int, nargs="+", default=[-38, -35, -32, -30, -28, -26, -24])
    parser.add_argument("--no-dq", action="store_true", help="scalar instead of dependent quantization")
    parser.add_argument("--images", type=int, help="measure on the first N images only")
    parser.add_argument("--keep", type=Path, help="folder for the decoded ONNX files")
    parser.add_argument("--out", type=Path, help="file of JSON lines to add the points to")
    options = parser.parse_intermixed_args()
    data = arguments.data_folder(options)
    python = arguments.path_or_environment(options.peer_python, "--peer-python", "NNTC_PEER_PYTHON")
    points = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        for network in options.networks:
            evaluator = Evaluator(network, data, count=options.images)
            for point in measure(python, evaluator, options.qp, folder=folder, dq=not options.no_dq):
                points.append(point)
                if options.out:
                    append_point(options.out, point)
    print(points_table(points))
    print()
    print(curves_table(points))


if __name__ == "__main__":
    main()

"""Code a model's float32 tensors with NNCodec (ISO/IEC 15938-17 reference software) at several qp points.

Runs in an environment with `nncodec` and `onnx` and prints one JSON line per point. `benchmarks/nncodec.py`
starts it, with one thread.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from benchmarks.tensors import FloatArray, arrays, replace_arrays, weight_snr
from benchmarks.timing import timed

SETTINGS: dict[str, Any] = {
    "bitstream_path": None,
    "return_bitstream": True,
    "nonweight_qp": -75,
    "param_opt": True,
    "lambda_scale": 0.0,
    "codebook_mode": 0,
    "row_skipping": False,
}
"""Everything but `qp` and `use_dq`, the software's defaults where it has any that apply without training."""


def code(
    nnc: Any, weights: dict[str, FloatArray], qp: int, dq: bool
) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    """Encode and decode all tensors at one point; return the measurements and the decoded tensors."""
    # The software rejects scalars, takes a name ending in _G or _H for a low-rank factor, and stores names.
    names = {f"p{index}": name for index, name in enumerate(weights)}
    parameters = {key: np.ascontiguousarray(np.atleast_1d(weights[name])) for key, name in names.items()}

    with Path(os.devnull).open("w") as sink, contextlib.redirect_stdout(sink):
        stream, encode = timed(lambda: nnc.compress(dict(parameters), qp=qp, use_dq=dq, **SETTINGS))
        result, decode = timed(lambda: nnc.decompress(bytearray(stream)), repetitions=3)

    decoded = {name: np.asarray(result[key]).reshape(weights[name].shape) for key, name in names.items()}
    count = sum(values.size for values in weights.values())
    row = {
        "qp": qp,
        "dq": dq,
        "bytes": len(stream),
        "parameters": count,
        "bits_per_weight": 8 * len(stream) / count,
        "snr_db": weight_snr(weights, decoded),
        "encode_wall_s": encode.wall,
        "encode_cpu_s": encode.cpu,
        "decode_wall_s": decode.wall,
        "decode_cpu_s": decode.cpu,
    }
    return row, decoded


def main() -> None:
    """Print a JSON line per qp; write the decoded models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--qp", type=int, nargs="+", required=True)
    parser.add_argument("--no-dq", action="store_true", help="scalar instead of dependent quantization")
    parser.add_argument("--save", type=Path, required=True, help="folder for the decoded models")
    arguments = parser.parse_args()

    importlib.import_module("torch").set_num_threads(1)
    nnc = importlib.import_module("nncodec.nnc")
    version = importlib.metadata.version("nncodec")

    model = onnx.load(arguments.model)
    weights = arrays(model)
    dq = not arguments.no_dq
    arguments.save.mkdir(parents=True, exist_ok=True)
    for qp in arguments.qp:
        row, decoded = code(nnc, weights, qp, dq)
        target = arguments.save / f"{arguments.model.stem}_qp{qp}_dq{int(dq)}.onnx"
        onnx.save(replace_arrays(model, decoded), target)
        row |= {"codec": f"nncodec {version}", "network": arguments.model.stem, "decoded": str(target)}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

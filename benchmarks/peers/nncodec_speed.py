"""Encode and decode a model's float32 tensors with NNCodec whenever asked, and tell the CPU seconds.

Runs in an environment with `nncodec` and `onnx`; `benchmarks/speed.py` starts it, with one thread. Reads
lines `encode` and `decode` from standard input and answers each with a JSON line.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import json
import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import onnx

from benchmarks.peers.nncodec_run import SETTINGS
from benchmarks.tensors import arrays
from benchmarks.timing import timed


def main() -> None:
    """Answer requests until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--qp", type=int, required=True)
    arguments = parser.parse_args()

    importlib.import_module("torch").set_num_threads(1)
    nnc = importlib.import_module("nncodec.nnc")
    codec = f"nncodec {importlib.metadata.version('nncodec')}"
    weights = arrays(onnx.load(arguments.model))
    # See nncodec_run.py for the names.
    parameters = {
        f"p{index}": np.ascontiguousarray(np.atleast_1d(values))
        for index, values in enumerate(weights.values())
    }
    stream = b""
    for line in sys.stdin:
        with Path(os.devnull).open("w") as sink, contextlib.redirect_stdout(sink):
            if line.strip() == "encode":
                coded, seconds = timed(
                    lambda: nnc.compress(dict(parameters), qp=arguments.qp, use_dq=True, **SETTINGS)
                )
                stream = bytes(coded)
            else:
                _, seconds = timed(partial(nnc.decompress, bytearray(stream)))
        print(json.dumps({"codec": codec, "bytes": len(stream), "cpu_s": seconds.cpu}), flush=True)


if __name__ == "__main__":
    main()

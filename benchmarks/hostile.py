"""Decode damaged files by the thousand: error ids, slowest input, peak memory.

    python -m benchmarks.hostile [--count 100000] [--seed 0] [--compare 10] [--keep DIR]

Half of the mutations are to the bytes of a file as it is, half are inside a section with every CRC-32 put
right again, so that they reach the decoder's depths. The files are random but valid ones with every tool
(`conformance/proof/samples`), every hundredth a whole lossless model. Each must end in a FormatError or in
output; anything else is listed and makes the exit status 1, as does more memory than the bound that header
and directory give. One in `--compare` is decoded by the reference decoder too, which must report the same.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import onnx
from nntc.decoder.directory import read_directory
from nntc.decoder.model import decode_bytes
from nntc.encoder.encode import encode_bytes
from nntc.errors import FormatError
from nntc.sources.source import BytesSource
from onnx import helper, numpy_helper

from conformance.proof import mutations, samples
from conformance.proof.outcomes import of_reference

MUTATIONS_PER_FILE = 100
SLOW = 100
"""Inputs that are timed once more at the end."""


@dataclass
class Findings:
    """What was seen, and the inputs worth keeping."""

    ids: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)
    slow: list[tuple[float, bytes]] = field(default_factory=list)
    largest: tuple[int, bytes] = (0, b"")
    compared: int = 0
    faults: list[tuple[str, bytes]] = field(default_factory=list)

    def add(self, data: bytes, *, fixed: bool, compare: bool) -> None:
        """Decode one file and take note."""
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        start = time.perf_counter()
        outcome: object
        try:
            outcome = decode_bytes(data)
        except FormatError as e:
            outcome = e.id, e.offset
        except Exception as e:
            outcome = repr(e)
            self.faults.append((outcome, data))
        seconds = time.perf_counter() - start
        peak = tracemalloc.get_traced_memory()[1] - before
        name = (
            outcome[0]
            if isinstance(outcome, tuple)
            else "decoded"
            if isinstance(outcome, dict)
            else "exception"
        )
        (self.inside if fixed else self.ids)[name] += 1
        self.slow.append((seconds, data))
        if len(self.slow) > 2 * SLOW:
            self.slow = sorted(self.slow)[-SLOW:]
        self.largest = max(self.largest, (peak, data))
        if peak > bound(data):
            self.faults.append((f"{peak} bytes of memory, bound {bound(data)}", data))
        if compare:
            self.compared += 1
            expected = of_reference(data)
            if expected != outcome:
                self.faults.append((f"{outcome!r:.60} in place of {expected!r:.60}", data))


_WITHOUT_DIRECTORY = 64 << 20


def bound(data: bytes) -> int:
    """Return the memory bound of a file, output included; of one without a directory a constant."""
    try:
        directory = read_directory(BytesSource(data))
    except FormatError:
        return _WITHOUT_DIRECTORY
    # `decode_bytes` also keeps the files.
    return directory.memory_bound() + 65536 * len(data)


def model_file(seed: int) -> bytes:
    """Return a small losslessly coded model."""
    rng = np.random.default_rng(seed)
    tensors = [
        numpy_helper.from_array(rng.normal(size=(8, 4, 3, 3)).astype(np.float32), "conv"),
        numpy_helper.from_array(rng.normal(size=(40, 20)).astype(np.float16), "dense"),
        numpy_helper.from_array(rng.integers(0, 9, 30), "shape"),
    ]
    model: onnx.ModelProto = helper.make_model(
        helper.make_graph([], "g", [], [], initializer=tensors), ir_version=10
    )
    return encode_bytes(model.SerializeToString(), method="lossless")[0]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000, help="number of mutations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", type=int, default=10, help="compare one in so many; 0 for none")
    parser.add_argument("--keep", type=Path, help="folder for the slowest, the largest and faulty inputs")
    options = parser.parse_args()
    findings = Findings()
    tracemalloc.start()
    base = b""
    for number in range(options.count):
        rng = Random(f"{options.seed} {number}")
        if number % MUTATIONS_PER_FILE == 0:
            turn = number // MUTATIONS_PER_FILE
            size = rng.choice((10, 30, 30, 300))
            base = (
                model_file(turn) if turn % 100 == 0 else samples.random_file(rng, records=3, size=size).data
            )
        fixed = number % 2 == 1
        data = (mutations.mutate_inside if fixed else mutations.mutate)(rng, base)
        compare = (
            bool(options.compare)
            and number % options.compare in (0, 1)
            and number % (2 * options.compare) < 2
        )
        findings.add(data, fixed=fixed, compare=compare)
    tracemalloc.stop()
    slowest = max((time_of(data), data) for _, data in findings.slow)
    report(findings, *slowest)
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        (options.keep / "slowest.nntc").write_bytes(slowest[1])
        (options.keep / "largest.nntc").write_bytes(findings.largest[1])
        for i, (_, data) in enumerate(findings.faults[:100]):
            (options.keep / f"fault{i}.nntc").write_bytes(data)
    sys.exit(bool(findings.faults))


def time_of(data: bytes) -> float:
    """Return seconds to decode, the best of three, without the cost of measuring memory."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        with contextlib.suppress(FormatError):
            decode_bytes(data)
        best = min(best, time.perf_counter() - start)
    return best


def report(findings: Findings, seconds: float, slow: bytes) -> None:
    """Print a table of outcomes and the extremes."""
    print("| outcome | bytes changed | inside, CRCs right |\n|---|---|---|")
    for name, _ in (findings.ids + findings.inside).most_common():
        print(f"| {name} | {findings.ids[name]} | {findings.inside[name]} |")
    peak, large = findings.largest
    print(f"\nslowest: {seconds:.3f} s, a file of {len(slow)} bytes")
    print(f"peak memory: {peak / 2**20:.1f} MiB, a file of {len(large)} bytes")
    print(f"compared with the second decoder: {findings.compared}; faults: {len(findings.faults)}")
    for what, data in findings.faults[:20]:
        print(f"  {what}: {data[:40].hex()}... ({len(data)} bytes)")


if __name__ == "__main__":
    main()

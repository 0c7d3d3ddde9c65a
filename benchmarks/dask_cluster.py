"""A model larger than the memory of any worker, encoded by a cluster of processes.

    python -m benchmarks.dask_cluster [--weights N] [--workers N] [--memory-limit SIZE] [--kill]

Encodes dense layers with Laplace weights by one thread and by a Dask cluster on this machine, and tells the
time, the most memory that each worker took, and whether the bytes are the same. Dask ends workers that come
above the limit. With `--kill`, one of them is killed in the middle.
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from pathlib import Path
from threading import Timer

from benchmarks.synthetic import dense_model, dense_weights


def peak_memory() -> int:
    """Return the most memory that this process has had in use, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in status if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


def main() -> None:
    """Encode and compare."""
    import nntc
    from distributed import Client, LocalCluster

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=int, default=128 << 20)
    parser.add_argument("--layers", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory-limit", default="450MiB")
    parser.add_argument("--method", default="auto")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    model = dense_model(dense_weights(options.weights, options.layers))
    print(f"model of {len(model):,} bytes in {options.layers} layers, method {options.method}")
    start = time.perf_counter()
    alone, _ = nntc.encode_bytes(model, method=options.method)
    print(f"one thread: {len(alone):,} bytes, {time.perf_counter() - start:.1f} s")
    with (
        LocalCluster(
            n_workers=options.workers,
            threads_per_worker=1,
            memory_limit=options.memory_limit,
            dashboard_address=None,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        before = client.run(peak_memory)
        if options.kill:
            victim = next(iter(client.run(os.getpid).values()))
            Timer(10, os.kill, (victim, signal.SIGKILL)).start()
        start = time.perf_counter()
        coded, _ = nntc.encode_bytes(model, method=options.method, dask=cluster.scheduler_address)
        print(f"{options.workers} workers: {len(coded):,} bytes, {time.perf_counter() - start:.1f} s")
        for address, peak in client.run(peak_memory).items():
            was = f"{before[address] / 2**20:.0f}" if address in before else "new: another was killed"
            print(
                f"worker {address}: at most {peak / 2**20:.0f} MiB of {options.memory_limit} (at start {was})"
            )
    print("the same bytes" if coded == alone else "OTHER BYTES")


if __name__ == "__main__":
    main()

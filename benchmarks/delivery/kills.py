"""Pulls that are killed with SIGKILL at random moments: which version a device uses afterwards.

    python -m benchmarks.delivery.kills [MODEL.onnx] [--count 200] [--port 8472]

Each round begins with a device that has version 1.0 where 1.1 is new. A process that pulls is killed after a
random time, up to what a whole pull takes; then the file that `current` leads to is compared with both
versions, and a pull that is not killed has to bring 1.1.
"""

from __future__ import annotations

import argparse
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from nntc.delivery import pull

from benchmarks.delivery.proxy import Fault, proxied
from benchmarks.delivery.setting import add, original, web

_FORKS = """
import os, sys
import nntc.delivery.pulling
from nntc.delivery import pull
for line in sys.stdin:
    url, device = line.split()
    process = os.fork()
    if not process:
        try:
            pull(url, device, name="net")
        finally:
            os._exit(0)
    print(process, flush=True)
    os.waitpid(process, 0)
    print("ended", flush=True)
"""


def used(device: Path) -> bytes:
    """Return what somebody reads who follows `current`."""
    return (device / (device / "current").read_text().splitlines()[0]).read_bytes()


class Pulls:
    """Pulls in processes of their own, forked from one that has imported everything."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", _FORKS]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, url: str, device: Path, seconds: float | None) -> float:
        """Pull; kill it after some seconds unless it has ended. Return how long it ran."""
        asked, told = self._process.stdin, self._process.stdout
        if asked is None or told is None:
            raise SystemExit("no pipes")
        asked.write(f"{url} {device}\n")
        asked.flush()
        process, begun = int(told.readline()), time.monotonic()
        if seconds is not None and not select.select([told], [], [], seconds)[0]:
            os.kill(process, signal.SIGKILL)
        told.readline()
        return time.monotonic() - begun

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, nargs="?", help="default: the demo's network")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--port", type=int, default=8472, help="of the web server")
    arguments = parser.parse_args()
    draw, found, pulls = random.Random(0), Counter[str](), Pulls()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, before, device = original(folder, arguments.model), folder / "before", folder / "device"
        old = add(folder, model, "1.0", 24)[1]
        with web(folder / "repository", arguments.port) as server, proxied(arguments.port) as (proxy, url):
            pull(url, before, name="net")
            new = add(folder, model, "1.1", 30)[1]
            proxy.fault = Fault(rate=1e6)
            shutil.copytree(before, device)
            pulls.run(url, device, None)
            shutil.rmtree(device)
            shutil.copytree(before, device)
            whole = pulls.run(url, device, None)
            begun = time.monotonic()
            for _ in range(arguments.count):
                shutil.rmtree(device)
                shutil.copytree(before, device)
                pulls.run(url, device, draw.uniform(0, whole))
                state = used(device)
                found["old" if state == old else "new" if state == new else "NEITHER"] += 1
                pull(url, device, name="net")
                found["then new"] += used(device) == new
                if found.total() % 40 == 0:
                    print(f"... {dict(found)}", flush=True)
            seconds = time.monotonic() - begun
    print(
        f"{server}: {arguments.count} kills within {whole:.2f} s of a pull: {dict(found)} ({seconds:.0f} s)"
    )


if __name__ == "__main__":
    main()

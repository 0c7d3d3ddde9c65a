"""Pulls that are killed with SIGKILL at random moments: which version a device uses afterwards.

    python -m benchmarks.delivery.kills [MODEL.onnx] [--new NEW.onnx] [--count 200] [--port 8472]

Each round begins with a device that has version 1.0 where 1.1 is new. A process that pulls is killed after
a random time, up to a tenth more than a whole pull takes; then the file that `current` leads to is compared
with both versions, and a pull that is not killed has to bring 1.1. What is sent twice are the bytes of both
pulls together beyond the file: at most its longest section, and what was on its way when the process ended
(the proxy sends pieces of 8,192 bytes, 1 MB/s). With a new model 1.1 is that, and comes as an update where
that is smaller.
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

from nntc.decoder.directory import read_directory
from nntc.delivery import pull
from nntc.sources.source import BytesSource

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


def longest_section(repository: Path, size: int) -> int:
    """Return the bytes of the longest section of the target file that has some size."""
    target = next(path for path in (repository / "targets").rglob("*.nntc") if path.stat().st_size == size)
    directory = read_directory(BytesSource(target.read_bytes()))
    return max(section.length for section in directory.sections)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, nargs="?", help="default: the demo's network")
    parser.add_argument("--new", type=Path, help="model of version 1.1; default: the same, closer")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--port", type=int, default=8472, help="of the web server")
    arguments = parser.parse_args()
    draw, found, pulls, twice = random.Random(0), Counter[str](), Pulls(), list[int]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, before, device = original(folder, arguments.model), folder / "before", folder / "device"
        old = add(folder, model, "1.0", 24)[1]
        with web(folder / "repository", arguments.port) as server, proxied(arguments.port) as (proxy, url):
            pull(url, before, name="net")
            new = add(folder, arguments.new or model, "1.1", 30)[1]
            proxy.fault = Fault(rate=1e6)
            shutil.copytree(before, device)
            pulls.run(url, device, None)
            shutil.rmtree(device)
            shutil.copytree(before, device)
            proxy.sent = 0
            whole = pulls.run(url, device, None)
            size, longest = proxy.sent, longest_section(folder / "repository", proxy.sent)
            begun = time.monotonic()
            for _ in range(arguments.count):
                shutil.rmtree(device)
                shutil.copytree(before, device)
                proxy.sent = 0
                pulls.run(url, device, draw.uniform(0, 1.1 * whole))
                state = used(device)
                found["old" if state == old else "new" if state == new else "NEITHER"] += 1
                pull(url, device, name="net")
                found["then new"] += used(device) == new
                twice.append(max(proxy.sent - size, 0))
                if len(twice) % 50 == 0:
                    print(f"... {dict(found)}", flush=True)
            seconds = time.monotonic() - begun
    print(
        f"{server}: {arguments.count} kills of pulls of {whole:.2f} s: {dict(found)} ({seconds:.0f} s)\n"
        f"file of {size:,} bytes, longest section {longest:,}; sent twice: {sum(t > 0 for t in twice)} times,"
        f" at most {max(twice):,} bytes, {sum(twice) / len(twice):,.0f} on average"
    )


if __name__ == "__main__":
    main()

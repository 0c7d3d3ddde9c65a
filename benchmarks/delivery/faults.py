"""Pulls through a proxy that cuts, delays, damages, slows, takes ranges away and changes the file.

    python -m benchmarks.delivery.faults [MODEL.onnx] [--port 8471]

For each fault a device pulls one version; the table has what it took. "Twice" are bytes that were received
more than once, and "section" the longest section of the file: a cut may cost no more. Servers that send
nothing, or nearly so, are left: by these settings after 3 attempts of 2 seconds without a byte, or of 4
seconds with less than 512 bytes in each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import nntc
from nntc.delivery import Network, pull

from benchmarks.delivery.proxy import Fault, proxied
from benchmarks.delivery.setting import add, original, web

FAULTS = {
    "none": Fault(),
    "cut after 4 kB on average": Fault(cut=4_000),
    "cut after 20 kB on average": Fault(cut=20_000),
    "a damaged bit in 50 kB": Fault(flip=50_000),
    "cut after 20 kB, a damaged bit in 100 kB": Fault(cut=20_000, flip=100_000),
    "no ranges, cut after a whole file on average": Fault(ranges=False, cut=200_000),
    "another file in every second answer, cut after 100 kB": Fault(replaced=True, cut=100_000),
    "half a second before each answer": Fault(delay=0.5),
    "10 MB/s": Fault(rate=10e6),
    "10 kB/s": Fault(rate=10e3),
}
NETWORK = Network(timeout=20, pause=0.01, longest_pause=0.1, attempts=50)
HOPELESS = {
    "no answer": Fault(silent=600.0),
    "100 bytes in a second": Fault(rate=100.0),
}
IMPATIENT = Network(timeout=2, window=4, pause=0.01, longest_pause=0.1, attempts=3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, nargs="?", help="default: the demo's network")
    parser.add_argument("--port", type=int, default=8471, help="of the web server")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        target, wanted = add(folder, original(folder, arguments.model), "1.0", 30)
        with nntc.open(target) as container:
            longest = max(section.length for section in container.sections)
        with web(folder / "repository", arguments.port) as server, proxied(arguments.port) as (proxy, url):
            print(f"{server}, {target.stat().st_size:,} bytes, longest section {longest:,} bytes\n")
            print("| fault | requests | received | twice | seconds | result |\n|---|--:|--:|--:|--:|---|")
            for fault, proxy.fault in {**FAULTS, **HOPELESS}.items():
                begun, network = time.monotonic(), IMPATIENT if fault in HOPELESS else NETWORK
                device = folder / f"device{proxy.answers}"
                try:
                    pulled = pull(url, device, name="net", network=network)
                except nntc.NntcError as e:
                    seconds = time.monotonic() - begun
                    print(f"| {fault} | | | | {seconds:.1f} | {str(e).replace(url, '')} |", flush=True)
                    continue
                result = "right" if pulled.installed.model.read_bytes() == wanted else "WRONG"
                transfer, seconds = pulled.transfer, time.monotonic() - begun
                twice = transfer.received - target.stat().st_size
                row = f"{transfer.requests} | {transfer.received:,} | {twice:,} | {seconds:.1f}"
                print(f"| {fault} | {row} | {result} |", flush=True)


if __name__ == "__main__":
    main()

"""Bytes that devices receive for new versions of a network, with updates and without.

    python -m benchmarks.delivery.updates --data DIR

Versions are SqueezeNet, one with few steps of fine-tuning, one with many, and that once more, published one
after the other at 30 dB. One device pulls each version as it appears; another one has 1.0 until the end.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from nntc.delivery import publish, pull
from nntc.delivery.plan import Plan
from nntc.delivery.serving import serving

from .. import arguments

_QUALITY = 30.0


def versions_in(data: Path) -> list[Path]:
    """Return the models."""
    tuned = [data / "pairs" / f"{name}.onnx" for name in ("sq_light", "sq_strong", "sq_strong")]
    return [data / "models" / "squeezenet1.1.onnx", *tuned]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder; give its URL."""
    folder.mkdir()
    with serving(folder) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def measure(folder: Path, versions: Sequence[Path], *, updates: bool) -> None:
    """Publish all versions and print what devices receive for each."""
    place, following, late = (folder / name for name in ("repository", "following", "late"))
    with served(place) as url:
        for number, model in enumerate(versions):
            published = publish(
                place,
                model,
                name="net",
                version=f"1.{number}",
                keys=folder / "keys",
                keep=len(versions),
                updates=updates,
                base_exact=versions[number - 1] if number and updates else None,
                quality=_QUALITY,
            )
            pulled = pull(url, following, name="net")
            if not number:
                shutil.copytree(following, late)
            plans: list[Plan] = []
            pull(url, late, name="net", dry_run=True, started=plans.append)
            at_once = f"{plans[0].missing:>9,}  {plans[0].kind:6}" if plans else f"{0:>9}  {'none':6}"
            size, received = published.release.file.length, pulled.transfer.received
            print(
                f"1.{number}  {size:>9,}  {received:>9,}  {pulled.kind:6}  {at_once}  {published.note}",
                flush=True,
            )


def main() -> None:
    """Print tables."""
    options = arguments.parser(__doc__).parse_args()
    data = arguments.data_folder(options)
    for updates in (False, True):
        print("with updates" if updates else "without updates")
        print("version  full file  received          received by 1.0")
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), versions_in(data), updates=updates)


if __name__ == "__main__":
    main()

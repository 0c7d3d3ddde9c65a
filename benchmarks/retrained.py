"""Updates between versions of a network that was trained anew: no larger than files of their own.

    pip download --no-deps --dest wheels silero-vad==5.1.2
    pip download --no-deps --dest wheels silero-vad==6.0.0
    pip download --no-deps --dest wheels silero-vad==6.2.1
    python -m benchmarks.retrained wheels/*.whl

Each version is encoded with the one before it as its base: lossy, with what the `.nntc` file of that decodes
to and the ONNX file itself (`base_exact`), then without that, and lossless from ONNX to ONNX. Models are ONNX
files, or wheels that have one; distance is ||new - old|| / ||old|| of tensors of like names and shapes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from zipfile import ZipFile

import nntc
import numpy as np

_MEMBER = "silero_vad/data/silero_vad.onnx"
_LEAST = 2


def read(path: Path, member: str) -> bytes:
    """Return a model's bytes, of a file or of a member of a wheel."""
    if path.suffix != ".whl":
        return path.read_bytes()
    with ZipFile(path) as wheel:
        return wheel.read(member)


def distance(old: bytes, new: bytes) -> float:
    """Return how far apart the weights of two models are, relative to those of the first."""
    (before, after) = (_weights(model) for model in (old, new))
    moved = power = 0.0
    for name, values in after.items():
        if name in before and before[name].shape == values.shape:
            moved += float(np.square(values - before[name]).sum())
            power += float(np.square(before[name]).sum())
    return float(np.sqrt(moved / power)) if power else float("nan")


def _weights(model: bytes) -> dict[str, np.ndarray]:
    data, _ = nntc.encode_bytes(model, method="lossless")
    with nntc.open(data) as container:
        arrays = container.arrays()
    return {name: one.astype(np.float64) for name, one in arrays.items() if one.dtype.kind == "f"}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--member", default=_MEMBER, help="path of the model in a wheel")
    parser.add_argument("--quality", type=float, default=30.0)
    options = parser.parse_args()
    if len(options.models) < _LEAST:
        parser.error("there is nothing to update to: name two models or more")
    models = [read(path, options.member) for path in options.models]
    print(
        "version                                 how           file of its own     update    share  distance"
    )
    for path, old, new in zip(options.models[1:], models, models[1:], strict=False):
        apart = distance(old, new)
        quality = {"quality": options.quality}
        base = nntc.encode_bytes(old, **quality)[0]
        fresh = len(nntc.encode_bytes(new, **quality)[0])
        ways = {
            "base exact": (fresh, nntc.encode_bytes(new, base=base, base_exact=old, **quality)),
            "without": (fresh, nntc.encode_bytes(new, base=base, **quality)),
            "lossless": (
                len(nntc.encode_bytes(new, method="lossless")[0]),
                nntc.encode_bytes(new, method="lossless", base=old),
            ),
        }
        for way, (own, (update, report)) in ways.items():
            share = len(update) / own
            print(f"{path.stem:38}  {way:12}  {own:>15,}  {len(update):>9,}  {share:7.2%}  {apart:8.2f}")
            for line in (*report.changes, *report.remarks):
                print(f"    {line}", flush=True)


if __name__ == "__main__":
    main()

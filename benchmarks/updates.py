"""Bytes and quality of updates, beside files of their own and beside patches of bytes.

    python -m benchmarks.updates --data DIR
    python -m benchmarks.updates --data DIR --pair sq_light --images 472 --samples 48
    python -m benchmarks.updates --data DIR --updatable
    python -m benchmarks.updates --data DIR --lossless

Fine-tuned versions of networks are in `pairs/` of the data folder. The base is what a file of the old version
decodes to. Divergence is that of the decoded new version from the new one, on evaluation images as they are,
and, for versions that were trained on them, blurred and darkened. Patches are zstd with the base as its
dictionary, as `zstd --patch-from`, and bsdiff and HDiffPatch where bsdiff4 and hdiffpatch are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nntc
import numpy as np
import zstandard
from PIL import Image, ImageFilter

from . import arguments
from .imagenet import (
    PREPROCESSING,
    Images,
    LogProbabilities,
    calibration_samples,
    compare,
    ends_in_softmax,
    load_split,
    log_probabilities,
    run,
)

PAIRS = {
    "sq_light": ("squeezenet1.1", False),
    "sq_strong": ("squeezenet1.1", True),
    "mb_strong": ("mobilenetv2", True),
}
"""Network that it is a version of, and whether it was trained on dark and blurred images."""
_WINDOW = 27
_BLUR, _LIGHT = 1.5, 0.35


def darkened(images: Images) -> Images:
    """Return images blurred, by 1.5 pixels, and at 35 % of their values."""
    blurred = [Image.fromarray(image).filter(ImageFilter.GaussianBlur(_BLUR)) for image in images]
    return np.stack([(np.asarray(image) * _LIGHT).astype(np.uint8) for image in blurred])


class Measured:
    """Outputs of a new version, and what compares others with them."""

    def __init__(self, pair: str, data: Path, count: int) -> None:
        network, is_dark = PAIRS[pair]
        self.path, self._style = data / "pairs" / f"{pair}.onnx", PREPROCESSING[network]
        images = load_split(data, "evaluation", count).images
        self._sets = [images, darkened(images)] if is_dark else [images]
        self._are_probabilities = ends_in_softmax(self.path)
        self._original = [self._outputs(self.path, images) for images in self._sets]

    def _outputs(self, model: Path | bytes, images: Images) -> LogProbabilities:
        return log_probabilities(run(model, images, self._style), self._are_probabilities)

    def divergence(self, model: bytes) -> str:
        """Return the divergence in nats on each set of images."""
        labels = np.zeros(len(self._sets[0]), np.int64)
        pairs = zip(self._original, self._sets, strict=True)
        found = [compare(original, self._outputs(model, own), labels).kl for original, own in pairs]
        return " / ".join(f"{kl:.4f}" for kl in found)


def patches() -> dict[str, Callable[[bytes, bytes], int]]:
    """Return ways to patch bytes: they return the bytes of a patch from the first to the second."""

    def patch_from(old: bytes, new: bytes) -> int:
        parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=_WINDOW, enable_ldm=True)
        base = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        compressor = zstandard.ZstdCompressor(dict_data=base, compression_params=parameters)
        return len(compressor.compress(new))

    found: dict[str, Callable[[bytes, bytes], int]] = {"zstd --patch-from": patch_from}
    if find_spec("bsdiff4") is not None:
        import bsdiff4  # type: ignore[import-not-found, unused-ignore]

        found["bsdiff"] = lambda old, new: len(bsdiff4.diff(old, new))
    if find_spec("hdiffpatch") is not None:
        import hdiffpatch  # type: ignore[import-not-found, unused-ignore]

        found["HDiffPatch"] = lambda old, new: len(hdiffpatch.diff(old, new, compression="lzma2"))
    return found


def measure(
    pair: str, data: Path, images: int, samples: int, quality: float, *, updatable: bool = False
) -> None:
    """Print the table of a pair."""
    network = PAIRS[pair][0]
    exact, measured = data / "models" / f"{network}.onnx", Measured(pair, data, images)
    old = nntc.encode_bytes(exact, quality=quality, updatable=updatable)[0]
    fresh = nntc.encode_bytes(measured.path, quality=quality)[0]
    base = nntc.decode_bytes(old)[None]

    def line(what: str, size: int, model: bytes | None = None) -> None:
        divergence = "" if model is None else measured.divergence(model)
        print(f"{pair:10}  {what:26}  {size:>9,}  {size / len(fresh):7.1%}  {divergence}", flush=True)

    line("old version", len(old))
    line("file of its own", len(fresh), nntc.decode_bytes(fresh)[None])
    ways: dict[str, dict[str, Any]] = {
        "update": {"base_exact": exact},
        "without base_exact": {},
        "refine": {"refine": True},
    }
    if samples:
        own = calibration_samples(network, data, samples)
        ways["update, by samples"] = {"base_exact": exact, "calibration": own}
    for name, options in ways.items():
        coded = nntc.encode_bytes(measured.path, base=old, quality=quality, **options)[0]
        line(name, len(coded), nntc.decode_bytes(coded, base=base)[None])
        if name == "update":
            line("old file and update, merged", len(nntc.merge_bytes([old, coded])[0]))
    for name, patch in patches().items():
        line(f"{name} of .nntc", patch(old, fresh))


def measure_lossless(pair: str, data: Path) -> None:
    """Print the table of a pair, without loss."""
    old, new = data / "models" / f"{PAIRS[pair][0]}.onnx", data / "pairs" / f"{pair}.onnx"
    fresh = len(nntc.encode_bytes(new, method="lossless")[0])
    sizes = {
        "file of its own": fresh,
        "update": len(nntc.encode_bytes(new, method="lossless", base=old)[0]),
        **{name: patch(old.read_bytes(), new.read_bytes()) for name, patch in patches().items()},
    }
    for name, size in sizes.items():
        print(f"{pair:10}  {name:26}  {size:>9,}  {size / fresh:7.1%}", flush=True)


def main() -> None:
    """Print tables."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--pair", choices=sorted(PAIRS), nargs="+", default=list(PAIRS))
    parser.add_argument("--images", type=int, default=100, help="evaluation images to measure on")
    parser.add_argument("--samples", type=int, default=0, help="calibration images to encode by")
    parser.add_argument("--quality", type=float, default=30.0)
    parser.add_argument("--updatable", action="store_true", help="of old versions coded for updates")
    parser.add_argument("--lossless", action="store_true")
    options = parser.parse_args()
    print("pair        what                            bytes    share  divergence")
    for pair in options.pair:
        if options.lossless:
            measure_lossless(pair, arguments.data_folder(options))
        else:
            data = arguments.data_folder(options)
            count, samples = options.images, options.samples
            measure(pair, data, count, samples, options.quality, updatable=options.updatable)


if __name__ == "__main__":
    main()
